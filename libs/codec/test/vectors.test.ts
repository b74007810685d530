import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { decode, encode, fixed, opaque, struct, uint16, uint32, uint8, vector } from '../src/index.ts';
import { hex, toHex } from './sample.ts';

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });

describe('vectors of structures', () => {
  it('must be whole elements [R2.1.2-08]', () => {
    expect(() => decode(vector(uint32), hex('050000000100'))).toThrow(code('TRUNCATED'));
    expect(() => decode(vector(uint16), hex('03000100'))).toThrow(code('TRUNCATED'));
    const extension = struct({ type: uint16, data: opaque });
    expect(() => decode(vector(extension), hex('020001'))).toThrow(code('TRUNCATED'));
  });

  it('do not let an element read past their end, although bytes follow', () => {
    const pair = struct({ list: vector(uint16), after: uint32 });
    expect(() => decode(pair, hex('0300010002030405'))).toThrow(code('TRUNCATED'));
  });

  it('say which element is wrong', () => {
    const pair = struct({ list: vector(struct({ value: uint16 })) });
    expect(() => decode(pair, hex('03000100'))).toThrow(expect.objectContaining({ path: 'list.1.value' }));
  });

  it('may be empty [R2.1.2-09]', () => {
    expect(decode(vector(uint32), hex('00'))).toEqual([]);
    expect(decode(opaque, hex('00'))).toEqual(new Uint8Array(0));
    expect(toHex(encode(opaque, new Uint8Array(0)))).toBe('00');
    expect(toHex(encode(vector(uint8), []))).toBe('00');
  });

  it('that are empty share one array, which nothing that is decoded gets into', () => {
    const first = decode(vector(uint32), hex('00'));
    expect(decode(vector(uint8), hex('00'))).toBe(first);
    const mixed = vector(vector(uint8));
    expect(decode(mixed, hex('0700020102000103'))).toEqual([[], [1, 2], [], [3]]);
    expect(toHex(encode(mixed, decode(mixed, hex('0700020102000103'))))).toBe('0700020102000103');
    expect(first).toEqual([]);
  });

  it('of elements that take no bytes are refused instead of read for ever', () => {
    expect(() => decode(vector(fixed(0)), hex('0101'))).toThrow(code('INVALID_VALUE'));
  });

  it('come back as they were', () => {
    const lists = vector(vector(opaque));
    const values = fc.array(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }), { maxLength: 8 });
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(lists, encode(lists, value))).toEqual(value);
      }),
    );
  });
});

describe('arrays of fixed size', () => {
  it('have no header', () => {
    expect(toHex(encode(fixed(2), Uint8Array.of(1, 2)))).toBe('0102');
    expect(decode(fixed(2), hex('0102'))).toEqual(Uint8Array.of(1, 2));
  });

  it('are not written with another size', () => {
    for (const size of [0, 1, 3]) {
      expect(() => encode(fixed(2), new Uint8Array(size))).toThrow(code('INVALID_VALUE'));
    }
  });
});
