import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import {
  decode,
  detached,
  encode,
  opaque,
  retained,
  struct,
  uint8,
  useEncoded,
  vector,
} from '../src/index.ts';
import { encodables, encodedAfresh } from './any-value.ts';
import { toHex } from './sample.ts';

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

describe('encode and useEncoded', () => {
  it('show the same bytes, which are those of a new writer', () => {
    fc.assert(
      fc.property(encodables, ({ codec, value }) => {
        const expected = toHex(encodedAfresh({ codec, value }));
        expect(toHex(encode(codec, value))).toBe(expected);
        expect(useEncoded(codec, value, toHex)).toBe(expected);
      }),
    );
  });

  it('show the same bytes when one is called during the other', () => {
    fc.assert(
      fc.property(encodables, encodables, (outer, inner) => {
        useEncoded(outer.codec, outer.value, (bytes) => {
          const before = toHex(bytes);
          expect(toHex(encode(inner.codec, inner.value))).toBe(toHex(encodedAfresh(inner)));
          expect(useEncoded(inner.codec, inner.value, toHex)).toBe(toHex(encodedAfresh(inner)));
          expect(toHex(bytes)).toBe(before);
        });
      }),
    );
  });

  it('refuse the same values', () => {
    const pair = struct({ small: uint8, list: vector(uint8) });
    for (const value of [
      { small: 256, list: [] },
      { small: 1, list: [2, -1] },
    ]) {
      expect(() => encode(pair, value)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
      const use = (): unknown => useEncoded(pair, value, () => 'used');
      expect(use).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    }
  });

  it('do not leave what was used in memory, also when its use throws', () => {
    const secret = Uint8Array.of(1, 2, 3, 4);
    const seen = useEncoded(opaque, secret, (bytes) => bytes);
    expect(seen).toHaveLength(5);
    expect(isZero(seen)).toBe(true);
    const kept: Uint8Array[] = [];
    const use = (): never =>
      useEncoded(opaque, secret, (bytes) => {
        kept.push(bytes);
        throw new Error('no use');
      });
    expect(use).toThrow('no use');
    expect(kept.map(isZero)).toEqual([true]);
  });

  it('encode gives an array of its own that nothing changes later', () => {
    fc.assert(
      fc.property(encodables, encodables, (first, second) => {
        const bytes = encode(first.codec, first.value);
        const before = toHex(bytes);
        encode(second.codec, second.value);
        expect(toHex(bytes)).toBe(before);
        expect(bytes.buffer.byteLength).toBe(bytes.length);
      }),
    );
  });
});

describe('a detached value', () => {
  const Part = struct({ name: opaque, entries: vector(opaque) });
  const Kept = retained(Part);
  const Message = struct({ before: opaque, part: Kept, after: opaque });
  const bytes = fc.uint8Array({ maxLength: 100 });
  const parts = fc.record({ name: bytes, entries: fc.array(bytes, { maxLength: 4 }) });

  it('is equal to the original and is encoded byte for byte, without its memory', () => {
    fc.assert(
      fc.property(bytes, parts, bytes, (before, part, after) => {
        const message = decode(Message, encode(Message, { before, part, after }));
        const copy = detached(Kept, message.part);
        expect(copy).toEqual(message.part);
        expect(toHex(Kept.bytesOf(copy))).toBe(toHex(encode(Part, part)));
        const memory = Kept.bytesOf(message.part).buffer;
        expect(message.part.name.buffer).toBe(memory);
        const views = [copy.name, ...copy.entries, Kept.bytesOf(copy)];
        for (const { buffer } of views) expect(buffer).not.toBe(memory);
        // What it does hold on to is its own encoding, once.
        for (const { buffer } of views) expect(buffer.byteLength).toBe(Kept.bytesOf(copy).length);
      }),
    );
  });

  it('of one that was made here shares nothing with it, either', () => {
    fc.assert(
      fc.property(parts, (part) => {
        const copy = detached(Kept, part);
        const expected = toHex(encode(Part, part));
        part.name.fill(0xee);
        expect(toHex(encode(Part, copy))).toBe(expected);
        expect(toHex(Kept.bytesOf(copy))).toBe(expected);
      }),
    );
  });
});
