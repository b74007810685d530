import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { decode, encode, MAX_VECTOR_LENGTH, opaque, Reader, uint16, vector } from '../src/index.ts';
import { putLength, sizeOfLength } from '../src/varint.ts';
import { hex, toHex } from './sample.ts';

function write(length: number): string {
  const bytes = new Uint8Array(sizeOfLength(length));
  putLength(bytes, 0, length);
  return toHex(bytes);
}

function read(header: string): number {
  return new Reader(hex(header)).length();
}

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });

describe('the length header of a vector', () => {
  it.each([
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16_383, '7fff'],
    [16_384, '80004000'],
    [MAX_VECTOR_LENGTH, 'bfffffff'],
  ])('of %i bytes is %s, in both directions [R2.1.2-01] [R2.1.2-02]', (length, header) => {
    expect(write(length)).toBe(header);
    expect(read(header)).toBe(length);
  });

  it('is the number of bytes, not of elements [R2.1.2-01]', () => {
    expect(toHex(encode(vector(uint16), [1, 2, 3]))).toBe('06000100020003');
  });

  it('is written in the shortest form by every writer [R2.1.2-02]', () => {
    for (const [length, size] of [
      [63, 1],
      [64, 2],
      [16_383, 2],
      [16_384, 4],
    ] as const) {
      expect(encode(opaque, new Uint8Array(length))).toHaveLength(length + size);
      const elements = vector({ write: (writer) => writer.bytes(new Uint8Array(length)), read: () => 0 });
      expect(toHex(encode(elements, [0]).subarray(0, size))).toBe(write(length));
    }
  });

  it('in a longer form than needed is refused [R2.1.2-03]', () => {
    for (const header of ['4000', '4001', '403f', '80000000', '8000003f', '80000040', '80003fff']) {
      expect(() => read(header)).toThrow(code('NON_MINIMAL_LENGTH'));
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x3fff }), (length) => {
        const long = (0x8000_0000 + length).toString(16);
        expect(() => read(long)).toThrow(code('NON_MINIMAL_LENGTH'));
      }),
    );
  });

  it('that begins with the bits 11 is refused [R2.1.2-04]', () => {
    for (const header of ['c0', 'ff', 'c000000000000000', 'c2197c5eff14e88c']) {
      expect(() => read(header)).toThrow(code('INVALID_LENGTH_PREFIX'));
    }
  });

  it('cannot be made for 2^30 bytes, and the error says so [R2.1.2-05] [R2.1.2-07]', () => {
    expect(() => sizeOfLength(MAX_VECTOR_LENGTH + 1)).toThrow(code('SIZE_LIMIT'));
    expect(() => sizeOfLength(MAX_VECTOR_LENGTH + 1)).toThrow('at most 1073741823 bytes, found 1073741824');
  });

  it('larger than what is left is refused, and nothing is reserved for it [R2.1.2-06]', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 100; round++) {
      expect(() => decode(opaque, hex('bfffffff010203'))).toThrow(code('TRUNCATED'));
      expect(() => decode(vector(uint16), hex('bfffffff010203'))).toThrow(code('TRUNCATED'));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  it('that is cut is refused [R2.1-03]', () => {
    for (const header of ['', '40', '80', '8000', '800040']) {
      expect(() => read(header)).toThrow(code('TRUNCATED'));
    }
  });

  it('keeps every length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_VECTOR_LENGTH }), (length) => {
        expect(read(write(length))).toBe(length);
      }),
    );
  });
});
