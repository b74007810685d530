import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { decode, encode, opaque, retained, struct, uint8, vector, type Codec } from '../src/index.ts';
import { hex, toHex } from './sample.ts';

/** Counts how often a value is encoded. */
function counted(): { codec: ReturnType<typeof retained<{ readonly value: number }>>; count: () => number } {
  let writes = 0;
  const inner = struct({ value: uint8 });
  const codec = retained<{ readonly value: number }>({
    read: (reader) => inner.read(reader),
    write(writer, value) {
      writes++;
      inner.write(writer, value);
    },
  });
  return { codec, count: () => writes };
}

describe('retained', () => {
  it('never encodes again what it has read', () => {
    const { codec, count } = counted();
    const value = decode(codec, hex('07'));
    expect(toHex(codec.bytesOf(value))).toBe('07');
    expect(toHex(encode(codec, value))).toBe('07');
    expect(count()).toBe(0);
  });

  it('encodes what was made here once', () => {
    const { codec, count } = counted();
    const value = { value: 7 };
    expect(toHex(encode(codec, value))).toBe('07');
    expect(toHex(codec.bytesOf(value))).toBe('07');
    expect(codec.bytesOf(value)).toBe(codec.bytesOf(value));
    expect(count()).toBe(1);
  });

  it('does not give the bytes of one object for another that looks the same', () => {
    const { codec } = counted();
    const value = decode(codec, hex('07'));
    expect(toHex(codec.bytesOf({ ...value, value: 8 }))).toBe('08');
  });

  it('keeps exactly its own bytes inside of a larger structure', () => {
    const inner = retained(struct({ a: uint8, b: opaque }));
    const outer = struct({ before: opaque, list: vector(inner), after: uint8 });
    const value = decode(outer, hex('02aaaa06010109020108ff'));
    expect(value.list.map((one) => toHex(inner.bytesOf(one)))).toEqual(['010109', '020108']);
  });

  it('encodes a changed copy anew, however it was copied and whatever was kept for the original', () => {
    const plain = struct({ a: uint8, b: opaque, c: vector(uint8) });
    const parts = fc.record({
      a: fc.nat({ max: 255 }),
      b: fc.uint8Array({ maxLength: 80 }),
      c: fc.array(fc.nat({ max: 255 })),
    });
    const changes = fc.record(
      { a: fc.nat({ max: 255 }), b: fc.uint8Array({ maxLength: 80 }), c: fc.array(fc.nat({ max: 255 })) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(parts, changes, fc.boolean(), (original, change, isDecoded) => {
        const codec = retained(plain);
        const value = isDecoded ? decode(codec, encode(plain, original)) : original;
        codec.bytesOf(value);
        for (const copy of [{ ...value, ...change }, Object.assign(structuredClone(value), change)]) {
          const expected = toHex(encode(plain, copy));
          expect(toHex(codec.bytesOf(copy))).toBe(expected);
          expect(toHex(encode(codec, copy))).toBe(expected);
        }
        expect(toHex(codec.bytesOf(value))).toBe(toHex(encode(plain, original)));
      }),
    );
  });

  it('gives decoded bytes back as they came, also where it would write others', () => {
    // Reads any byte but zero as true, and writes one as 1.
    const flag: Codec<boolean> = {
      read: (reader) => reader.uint(1) !== 0,
      write: (writer, value) => writer.uint(value ? 1 : 0, 1),
    };
    const codec = retained(struct({ flag }));
    const value = decode(codec, hex('7f'));
    expect(value).toEqual({ flag: true });
    expect(toHex(codec.bytesOf(value))).toBe('7f');
    expect(toHex(encode(vector(codec), [value, { ...value }]))).toBe('027f01');
  });

  it('does not show what it keeps', () => {
    const { codec } = counted();
    const value = decode(codec, hex('07'));
    expect(Object.entries(value)).toEqual([['value', 7]]);
    expect(JSON.stringify(value)).toBe('{"value":7}');
    expect(value).toEqual({ value: 7 });
  });
});
