import { describe, expect, it } from '@jest/globals';
import {
  audienceOf,
  authentication,
  FieldError,
  requireCase,
  requireField,
  requireLength,
  requireSize,
  requireText,
} from '../src/index.ts';

function fault(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof FieldError ? error.message : String(error);
  }
  return 'no fault';
}

describe('a field of a request', () => {
  it('is given when it is there', () => {
    expect(requireField({ epoch: 0n }, 'proof')).toEqual({ epoch: 0n });
    expect(requireField(0, 'count')).toBe(0);
  });

  it('is named when it is missing', () => {
    expect(fault(() => requireField(undefined, 'proof.signature'))).toBe('proof.signature: is required');
    expect(fault(() => requireText('', 'device', 10))).toBe('device: is required');
  });

  it('is neither longer nor shorter than it may be', () => {
    expect(requireText('abc', 'device', 3)).toBe('abc');
    expect(fault(() => requireText('abcd', 'device', 3))).toBe(
      'device: must be at most 3 characters long, is 4',
    );
    expect(requireLength(new Uint8Array(16), 'request_id', 16)).toHaveLength(16);
    expect(fault(() => requireLength(new Uint8Array(15), 'request_id', 16))).toBe(
      'request_id: must have length 16, has 15',
    );
    const bounds = { minimum: 1, maximum: 2 };
    expect(requireSize([1, 2], 'users', bounds)).toEqual([1, 2]);
    expect(fault(() => requireSize([], 'users', bounds))).toBe('users: must have length 1 to 2, has 0');
    expect(fault(() => requireSize([1, 2, 3], 'users', bounds))).toBe(
      'users: must have length 1 to 2, has 3',
    );
  });

  it('holds the case that is wanted', () => {
    const refusal: authentication.BeginEnrolmentResponse['result'] = {
      $case: 'refusal',
      value: { reason: authentication.EnrolmentRefusalReason.CODE_USED },
    };
    expect(requireCase(refusal, 'refusal', 'result')).toEqual({
      reason: 'ENROLMENT_REFUSAL_REASON_CODE_USED',
    });
    expect(
      fault(() =>
        requireCase<NonNullable<authentication.BeginEnrolmentResponse['result']>, 'challenge'>(
          refusal,
          'challenge',
          'result',
        ),
      ),
    ).toBe('result: must be challenge, is refusal');
    expect(fault(() => requireCase(undefined, 'challenge', 'result'))).toBe('result: is required');
  });
});

describe('the audience of a token', () => {
  it('has its own claim for each service', () => {
    const audiences = Object.values(authentication.TokenAudience).map(audienceOf);
    expect(audiences).toEqual([undefined, 'canopy-authentication', 'canopy-directory', 'canopy-delivery']);
  });
});
