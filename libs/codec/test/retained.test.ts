import { describe, expect, it } from '@jest/globals';

import { decode, encode, opaque, retained, struct, uint8, vector } from '../src/index.ts';
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
});
