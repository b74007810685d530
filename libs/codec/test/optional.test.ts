import { describe, expect, it } from '@jest/globals';

import { decode, encode, opaque, optional, uint16 } from '../src/index.ts';
import { hex, toHex } from './sample.ts';

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });

describe('optional values', () => {
  it('are one octet 0, or one octet 1 and the value [R2.1.1-01]', () => {
    expect(toHex(encode(optional(uint16), undefined))).toBe('00');
    expect(toHex(encode(optional(uint16), 5))).toBe('010005');
    expect(decode(optional(uint16), hex('00'))).toBeUndefined();
    expect(decode(optional(uint16), hex('010005'))).toBe(5);
  });

  it('tell an absent value from an empty one [R2.1.1-01]', () => {
    expect(decode(optional(opaque), hex('0100'))).toEqual(new Uint8Array(0));
  });

  it.each(['02', '80', 'ff', '020005'])('with the presence octet of %s are refused [R2.1.1-02]', (bytes) => {
    expect(() => decode(optional(uint16), hex(bytes))).toThrow(code('INVALID_PRESENCE'));
  });

  it('that are absent have nothing behind [R2.1.1-01]', () => {
    expect(() => decode(optional(uint16), hex('000005'))).toThrow(code('TRAILING_BYTES'));
  });
});
