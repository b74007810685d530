import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { Writer } from '../src/index.ts';
import { encodables, encodedAfresh } from './any-value.ts';
import { toHex } from './sample.ts';

const LARGE = 0x1_0001;
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** What a writer was lent with: all of its memory, also behind what was written. */
const memoryOf = (writer: Writer): Uint8Array => new Uint8Array(writer.written.buffer);

/** Lends writers inside of one another, as many as asked, and gives the memory of each. */
function lentMemories(count: number): Uint8Array[] {
  if (count === 0) return [];
  return Writer.lend((writer) => {
    writer.uint(count, 4);
    return [...lentMemories(count - 1), memoryOf(writer)];
  });
}

/** Lends a writer for so many bytes and gives its memory. */
const memoryFor = (length: number): ArrayBufferLike =>
  Writer.lend((writer) => {
    writer.bytes(new Uint8Array(length));
    return writer.written.buffer;
  });

describe('a lent writer', () => {
  it('writes what a new one writes, whatever was written with it before', () => {
    fc.assert(
      fc.property(fc.array(encodables, { minLength: 1, maxLength: 6 }), (list) => {
        for (const one of list) {
          const expected = toHex(encodedAfresh(one));
          const [shown, finished] = Writer.lend((writer) => {
            one.codec.write(writer, one.value);
            return [toHex(writer.written), toHex(writer.finish())];
          });
          expect([shown, finished]).toEqual([expected, expected]);
        }
      }),
    );
  });

  it('is not the one that is lent already, however many are', () => {
    fc.assert(
      fc.property(fc.array(encodables, { maxLength: 6 }), (list) => {
        const writeFrom = (at: number): string[] => {
          const one = list[at];
          if (one === undefined) return [];
          return Writer.lend((writer) => {
            const before = writeFrom(at + 1);
            one.codec.write(writer, one.value);
            const after = writeFrom(at + 1);
            expect(after).toEqual(before);
            return [toHex(writer.written), ...after];
          });
        };
        expect(writeFrom(0)).toEqual(list.map((value) => toHex(encodedAfresh(value))));
      }),
      { numRuns: 30 },
    );
    const memories = lentMemories(12);
    expect(new Set(memories.map(({ buffer }) => buffer)).size).toBe(12);
  });

  it('leaves only zeros behind, also where it had to grow', () => {
    for (const length of [1, 1000, 1024, 5000, LARGE]) {
      const seen = Writer.lend((writer) => {
        writer.uint(0xff, 1);
        const first = memoryOf(writer);
        writer.bytes(new Uint8Array(length).fill(0xff));
        writer.vector(() => writer.bytes(new Uint8Array(100).fill(0xff)));
        return [first, memoryOf(writer)];
      });
      expect(seen.map(isZero)).toEqual([true, true]);
    }
  });

  it('leaves only zeros behind when the call throws, and goes on to work', () => {
    const memories: Uint8Array[] = [];
    const fail = (): never =>
      Writer.lend((writer) => {
        writer.bytes(Uint8Array.of(1, 2, 3));
        memories.push(memoryOf(writer));
        writer.vector(() => {
          writer.bytes(new Uint8Array(2000).fill(0xff));
          memories.push(memoryOf(writer));
          throw new Error('in the midst of it');
        });
        throw new Error('not reached');
      });
    for (let count = 0; count < 20; count++) expect(fail).toThrow('in the midst of it');
    expect(memories).toHaveLength(40);
    expect(memories.every(isZero)).toBe(true);
    expect(toHex(Writer.lend((writer) => writer.written.slice()))).toBe('');
  });

  it('gives copies by finish, which outlive the call', () => {
    const given = Writer.lend((writer) => {
      writer.bytes(Uint8Array.of(1, 2, 3));
      const first = writer.finish();
      writer.bytes(Uint8Array.of(9));
      return [first, writer.finish()];
    });
    Writer.lend((writer) => writer.bytes(new Uint8Array(50).fill(0xff)));
    expect(given.map(toHex)).toEqual(['010203', '09']);
  });

  it('that a large structure made large is not kept, a small one is', () => {
    const small = memoryFor(10);
    expect(memoryFor(10)).toBe(small);
    const large = memoryFor(LARGE);
    const kept = lentMemories(20).map(({ buffer }) => buffer);
    expect(kept).not.toContain(large);
  });

  it('is one of eight at most that are kept', () => {
    const first = new Set(lentMemories(20).map(({ buffer }) => buffer));
    const again = lentMemories(20).filter(({ buffer }) => first.has(buffer));
    expect(again).toHaveLength(8);
  });
});

describe('a text of bytes', () => {
  it('is written as those bytes are, with the same header', () => {
    const lengths = fc.constantFrom(0, 1, 32, 63, 64, 100, 0x3fff, 0x4000);
    const contents = lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(contents, (content) => {
        const text = Buffer.from(content).toString('latin1');
        const [asText, asBytes] = [new Writer(0), new Writer()];
        for (const writer of [asText, asBytes]) writer.uint(0xaa, 1);
        asText.opaqueText(text);
        asBytes.opaque(content);
        for (const writer of [asText, asBytes]) writer.uint(0xbb, 1);
        expect(toHex(asText.finish())).toBe(toHex(asBytes.finish()));
      }),
      { numRuns: 60 },
    );
  });
});
