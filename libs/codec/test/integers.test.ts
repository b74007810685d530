import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { decode, encode, enumeration, uint16, uint32, uint64, uint8, vector } from '../src/index.ts';
import { hex, toHex } from './sample.ts';

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });

describe('integers', () => {
  it('have a fixed width and network byte order [R2.1-01]', () => {
    expect(toHex(encode(uint8, 0xfe))).toBe('fe');
    expect(toHex(encode(uint16, 0x0102))).toBe('0102');
    expect(toHex(encode(uint32, 0x8102_0304))).toBe('81020304');
    expect(toHex(encode(uint64, 0x8102_0304_0506_0708n))).toBe('8102030405060708');
    expect(decode(uint32, hex('ffffffff'))).toBe(4_294_967_295);
    expect(decode(uint32, hex('80000000'))).toBe(2_147_483_648);
  });

  it.each([0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'keep all bits of the epoch %i [R2.1-01]',
    (epoch) => {
      expect(decode(uint64, encode(uint64, epoch))).toBe(epoch);
    },
  );

  it('come back as they were [R2.1-01]', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (a, b) => {
          expect(decode(uint64, encode(uint64, a))).toBe(a);
          expect(decode(uint32, encode(uint32, b))).toBe(b);
        },
      ),
    );
  });

  it.each([
    ['uint8', uint8, 256],
    ['uint16', uint16, 65_536],
    ['uint32', uint32, 2 ** 32],
  ])('out of the range of %s are not written', (_, codec, above) => {
    for (const value of [above, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encode(codec, value)).toThrow(code('INVALID_VALUE'));
    }
  });

  it('out of the range of uint64 are not written', () => {
    for (const value of [-1n, 2n ** 64n]) expect(() => encode(uint64, value)).toThrow(code('INVALID_VALUE'));
  });
});

describe('a closed set of code points', () => {
  const colour = enumeration(uint8, { red: 1, green: 2 });

  it('refuses 0, the first free value and 255 [R2.1-04]', () => {
    for (const value of ['00', '03', 'ff']) {
      expect(() => decode(colour, hex(value))).toThrow(code('UNKNOWN_VALUE'));
    }
    expect(decode(colour, hex('02'))).toBe(2);
  });

  it('writes none of them either', () => {
    const open: Parameters<typeof encode<number>>[0] = {
      ...colour,
      write: (writer, value) => uint8.write(writer, value),
    };
    expect(() => decode(colour, encode(open, 3))).toThrow(code('UNKNOWN_VALUE'));
    expect(toHex(encode(colour, 1))).toBe('01');
  });
});

describe('an open set of code points', () => {
  it('carries unknown values through [R2.1-05]', () => {
    const list = hex('060a0af123ffff');
    expect(decode(vector(uint16), list)).toEqual([0x0a0a, 0xf123, 0xffff]);
    expect(encode(vector(uint16), decode(vector(uint16), list))).toEqual(list);
  });
});
