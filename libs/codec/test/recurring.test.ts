import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import {
  CodecError,
  decode,
  encode,
  opaque,
  recurring,
  struct,
  uint16,
  vector,
  type Codec,
} from '../src/index.ts';
import { toHex } from './sample.ts';

const Plain = struct({ kinds: vector(uint16), name: opaque });
type Plain = ReturnType<typeof Plain.read>;

/** What decoding gives, a fault included, in a form that can be compared. */
function outcome(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  try {
    return decode(codec, bytes);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const named = (length: number, first = 0): Plain => ({
  kinds: [],
  name: Uint8Array.from({ length }, (_, at) => (at === 0 ? first : 7)),
});
/** A value of which the encoding has this many bytes: an empty vector, a header of two, the name. */
const ofSize = (size: number): Plain => named(size - 3);

// Few different values, so that the same ones come again; some are the beginning of others.
const values = fc.record({
  kinds: fc.array(fc.constantFrom(1, 2, 0x0101), { maxLength: 3 }),
  name: fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 64, 250, 253, 254, 300), fc.constantFrom(0, 1, 2))
    .map(([length, first]) => named(length, first).name),
});
const encodings = values.map((value) => encode(Plain, value));
const hostile = fc.oneof(
  fc.tuple(encodings, fc.nat()).map(([bytes, cut]) => bytes.subarray(0, cut % (bytes.length + 1))),
  fc
    .tuple(encodings, fc.uint8Array({ maxLength: 5 }))
    .map(([bytes, more]) => Uint8Array.of(...bytes, ...more)),
  fc.tuple(encodings, encodings).map(([first, second]) => Uint8Array.of(...first, ...second)),
  fc
    .tuple(encodings, fc.nat(), fc.nat({ max: 255 }))
    .map(([bytes, at, byte]) => bytes.map((old, index) => (index === at % bytes.length ? byte : old))),
  fc.uint8Array({ maxLength: 12 }),
);
const inputs = fc.array(fc.oneof(encodings, hostile), { maxLength: 60 });

const listOf = (element: Codec<Plain>): Codec<unknown> => struct({ list: vector(element), after: opaque });

describe('a codec of what recurs', () => {
  it('decodes like the plain one, and refuses with the same errors, whatever came before', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const Recurring = recurring(Plain);
        for (const bytes of list) expect(outcome(Recurring, bytes)).toEqual(outcome(Plain, bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('does so inside of a vector too, where it may not read past the end', () => {
    // Short enough for a header of one byte, of which the length can be changed.
    const short = fc.record({
      kinds: fc.array(fc.constantFrom(1, 2), { maxLength: 1 }),
      name: fc.constantFrom(1, 2, 3).map((length) => named(length).name),
    });
    const lists = fc.array(short, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(lists, fc.integer({ min: -3, max: 3 })), { maxLength: 20 }),
        (changes) => {
          const Recurring = listOf(recurring(Plain));
          for (const [list, by] of changes) {
            const good = encode(listOf(Plain), { list, after: named(9).name });
            const bad = good.with(0, Math.max(0, (good[0] ?? 0) + by));
            for (const bytes of [good, bad]) {
              expect(outcome(Recurring, bytes)).toEqual(outcome(listOf(Plain), bytes));
            }
          }
        },
      ),
    );
  });

  it('encodes like the plain one', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 20 }), (list) => {
        const Recurring = recurring(Plain);
        for (const value of list) {
          const expected = toHex(encode(Plain, value));
          expect(toHex(encode(Recurring, value))).toBe(expected);
          expect(toHex(encode(Recurring, decode(Recurring, encode(Plain, value))))).toBe(expected);
        }
      }),
    );
  });

  it('gives one and the same object for equal bytes', () => {
    const Recurring = recurring(Plain);
    const [first, second] = [named(5), named(6)].map((value) => encode(Plain, value));
    if (first === undefined || second === undefined) throw new Error('two expected');
    const one = decode(Recurring, first);
    const other = decode(Recurring, second);
    expect(decode(Recurring, Uint8Array.from(first))).toBe(one);
    expect(decode(Recurring, Uint8Array.from(second))).toBe(other);
    expect(other).not.toBe(one);
    expect(decode(recurring(Plain), first)).not.toBe(one);
  });

  it('looks at bytes, not at memory: what the caller overwrites later is still known as it was', () => {
    const Recurring = recurring(Plain);
    const bytes = encode(Plain, named(5));
    const one = decode(Recurring, bytes);
    bytes.fill(0xff, 2);
    expect(decode(Recurring, encode(Plain, named(5)))).toBe(one);
    expect(one).toEqual(named(5));
  });

  it('remembers sixteen at most', () => {
    const Recurring = recurring(Plain);
    const bytesOf = (at: number): Uint8Array => encode(Plain, named(3, at));
    const decoded = Array.from({ length: 16 }, (_, at) => decode(Recurring, bytesOf(at)));
    for (const [at, value] of decoded.entries()) expect(decode(Recurring, bytesOf(at))).toBe(value);
    decode(Recurring, bytesOf(16));
    const still = decoded.filter((value, at) => at > 0 && decode(Recurring, bytesOf(at)) === value);
    expect(still).toHaveLength(15);
    expect(decode(Recurring, bytesOf(0))).toEqual(decoded[0]);
    expect(decode(Recurring, bytesOf(0))).not.toBe(decoded[0]);
  });

  it('remembers nothing that is longer than 256 bytes', () => {
    const Recurring = recurring(Plain);
    for (const [size, isKept] of [
      [255, true],
      [256, true],
      [257, false],
      [5000, false],
    ] as const) {
      const bytes = encode(Plain, ofSize(size));
      expect(bytes).toHaveLength(size);
      expect(decode(Recurring, bytes) === decode(Recurring, bytes)).toBe(isKept);
      expect(decode(Recurring, bytes)).toEqual(ofSize(size));
    }
  });

  it('remembers nothing that was refused', () => {
    const Recurring = recurring(Plain);
    const all = Array.from({ length: 16 }, (_, at) => encode(Plain, named(3, at)));
    const decoded = all.map((bytes) => decode(Recurring, bytes));
    for (let at = 0; at < 32; at++) {
      expect(() => decode(Recurring, Uint8Array.of(2, 0, at, 9, 1))).toThrow(
        expect.objectContaining({ code: 'TRUNCATED' }),
      );
    }
    expect(all.filter((bytes, at) => decode(Recurring, bytes) === decoded[at])).toHaveLength(16);
  });
});
