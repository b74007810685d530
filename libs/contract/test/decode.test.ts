import { describe, expect, it } from '@jest/globals';
import {
  authentication,
  decodeProto,
  decodeRequest,
  delivery,
  FieldError,
  MAX_FIELDS,
} from '../src/index.ts';

const bundle: delivery.CommitBundle = {
  groupId: new Uint8Array([1, 2, 3]),
  epoch: 18_446_744_073_709_551_615n,
  requestId: new Uint8Array(16),
  commit: new Uint8Array([4]),
  welcome: new Uint8Array(),
  welcomeRecipients: [{ keyPackageRef: new Uint8Array([5]), device: 'mimi://example.com/d/zoë/1' }],
  groupInfo: new Uint8Array([6]),
  nextAccessKey: new Uint8Array(32),
  ratchetTree: new Uint8Array(),
  knownSequence: 7n,
  revokeTickets: false,
};
const encoded = delivery.CommitBundle.encode(bundle).finish();

function faultOf(work: () => unknown): FieldError {
  try {
    work();
  } catch (error) {
    if (error instanceof FieldError) {
      return error;
    }
    throw error;
  }
  throw new Error('the bytes should have been refused');
}

function decodeBundle(bytes: Uint8Array): delivery.CommitBundle {
  return decodeProto(delivery.CommitBundle, bytes, 'bundle');
}

describe('decoding a message inside bytes', () => {
  it('gives back what was encoded', () => {
    expect(decodeBundle(encoded)).toEqual(bundle);
  });

  it('ignores fields of a later version', () => {
    const later = Buffer.concat([encoded, Buffer.from('f83f01', 'hex')]);
    expect(decodeBundle(later)).toEqual(bundle);
  });

  it.each([
    ['a length beyond the end', '0a05'],
    ['a length of 4 GiB', '0affffffff0f'],
    ['a truncated varint', '10ff'],
    ['a varint of more than ten bytes', '10ffffffffffffffffffffff01'],
    ['field number 0', '0200'],
    ['a wire type that does not exist', '0f'],
    ['a group that ends without a start', '0c'],
    ['ten thousand groups inside each other', '0b'.repeat(10_000)],
    ['text that is not UTF-8', '32041202c328'],
    ['a nested message that runs over the end', '32020a05'],
  ])('refuses %s and names the field', (_, hex) => {
    const fault = faultOf(() => decodeBundle(Buffer.from(hex, 'hex')));
    expect([fault.field, fault.reason]).toEqual(['bundle', 'is not valid protobuf']);
  });

  it('never throws anything but a fault of the field, wherever the bytes are cut or changed', () => {
    for (let at = 0; at < encoded.length; at += 1) {
      for (const bytes of [encoded.subarray(0, at), encoded.with(at, 0xff), encoded.with(at, 0)]) {
        try {
          decodeBundle(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FieldError);
        }
      }
    }
  });

  it('takes as many fields as it can afford and no more', () => {
    const recipient = '3200';
    expect(decodeBundle(Buffer.from(recipient.repeat(MAX_FIELDS), 'hex')).welcomeRecipients).toHaveLength(
      MAX_FIELDS,
    );
    const fault = faultOf(() => decodeBundle(Buffer.from(recipient.repeat(MAX_FIELDS + 1), 'hex')));
    expect(fault.reason).toBe('must have at most 16384 fields');
  });
});

describe('decoding a request', () => {
  const { requestDeserialize } = authentication.AuthenticationServiceService.beginEnrolment;

  it('uses the deserializer of the method, strictly', () => {
    expect(decodeRequest(requestDeserialize, Buffer.from('0a026869', 'hex'))).toEqual({
      evidence: { $case: 'enrolmentCode', value: 'hi' },
    });
    expect(faultOf(() => decodeRequest(requestDeserialize, Buffer.from('0a02c328', 'hex'))).field).toBe(
      'request',
    );
  });

  it('refuses a value that an enum does not have', () => {
    const { requestDeserialize: tokens } = authentication.AuthenticationServiceService.createAccessTokens;
    expect(faultOf(() => decodeRequest(tokens, Buffer.from('2063', 'hex'))).field).toBe('request');
  });
});
