import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import {
  CallError,
  decodeStatusDetails,
  encodeStatusDetails,
  readServiceError,
  STATUS_DETAILS_KEY,
  type StatusDetails,
} from '../src/index.ts';

const details: StatusDetails = {
  reason: 'LIMIT_EXCEEDED',
  metadata: { limit: 'topics', value: '100' },
  fieldViolations: [{ field: 'proof.signature', description: 'is required' }],
  retryAfterMs: 61_500,
};
const encoded = encodeStatusDetails(8, 'too much', details);

describe('the details of an error', () => {
  it('come back as they were sent', () => {
    expect(decodeStatusDetails(encoded)).toEqual(details);
    const plain = { reason: 'A', metadata: {}, fieldViolations: [] };
    expect(decodeStatusDetails(encodeStatusDetails(16, '', plain))).toEqual(plain);
  });

  it('have the bytes that google.rpc.Status prescribes', () => {
    // Written by hand from google/rpc/status.proto and error_details.proto.
    const info = `0a01411206${Buffer.from('canopy').toString('hex')}`;
    const type = Buffer.from('type.googleapis.com/google.rpc.ErrorInfo').toString('hex');
    const any = `0a28${type}120b${info}`;
    expect(
      Buffer.from(encodeStatusDetails(16, 'no', { reason: 'A', metadata: {}, fieldViolations: [] })).toString(
        'hex',
      ),
    ).toBe(`08101202${Buffer.from('no').toString('hex')}1a37${any}`);
  });

  it('are none when the peer sent something else, and reading them never throws', () => {
    for (let at = 0; at < encoded.length; at += 1) {
      expect(() => decodeStatusDetails(encoded.subarray(0, at))).not.toThrow();
      expect(() => decodeStatusDetails(encoded.with(at, 0xff))).not.toThrow();
    }
    expect(decodeStatusDetails(new Uint8Array())).toBeUndefined();
    expect(decodeStatusDetails(new Uint8Array(100_000))).toBeUndefined();
    const foreign = Buffer.from(
      Buffer.from(encoded).toString('latin1').replace('canopy', 'nowhre'),
      'latin1',
    );
    expect(decodeStatusDetails(foreign)).toBeUndefined();
  });
});

describe('reading the error of a call', () => {
  it('finds code, message and details', () => {
    const metadata = new Metadata();
    metadata.set(STATUS_DETAILS_KEY, Buffer.from(encoded));
    const error = Object.assign(new Error('8 RESOURCE_EXHAUSTED: too much'), {
      code: status.RESOURCE_EXHAUSTED,
      details: 'too much',
      metadata,
    });
    const read = readServiceError(error);
    expect(read).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'too much', ...details });
    expect(read.cause).toBe(error);
    expect(readServiceError(read)).toBe(read);
  });

  it('makes something of anything', () => {
    expect(readServiceError(new Error('broken'))).toMatchObject({
      code: 'UNKNOWN',
      message: 'broken',
      reason: '',
    });
    expect(readServiceError(undefined)).toBeInstanceOf(CallError);
    expect(readServiceError({ code: 99 })).toMatchObject({ code: 'UNKNOWN' });
  });
});
