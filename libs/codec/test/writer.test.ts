import { describe, expect, it } from '@jest/globals';

import { Writer } from '../src/index.ts';
import { toHex } from './sample.ts';

describe('Writer', () => {
  it('grows as far as is needed', () => {
    const writer = new Writer(1);
    for (let value = 0; value < 1000; value++) writer.uint(value, 4);
    const bytes = writer.finish();
    expect(bytes).toHaveLength(4000);
    expect(toHex(bytes.subarray(-4))).toBe('000003e7');
  });

  it('also from no capacity at all', () => {
    const writer = new Writer(0);
    writer.opaque(Uint8Array.of(1));
    expect(toHex(writer.finish())).toBe('0101');
  });

  it('moves the bytes of a vector when its header is longer than one byte', () => {
    for (const length of [0, 1, 63, 64, 16_383, 16_384]) {
      const content = Uint8Array.from({ length }, (_, at) => at & 0xff);
      const vector = new Writer(1);
      vector.uint(0xaa, 1);
      vector.vector(() => vector.bytes(content));
      vector.uint(0xbb, 1);
      const opaque = new Writer();
      opaque.uint(0xaa, 1);
      opaque.opaque(content);
      opaque.uint(0xbb, 1);
      expect(toHex(vector.finish())).toBe(toHex(opaque.finish()));
    }
  });

  it('writes vectors inside of vectors', () => {
    const writer = new Writer();
    writer.vector(() => {
      writer.vector(() => writer.uint(1, 1));
      writer.vector(() => writer.bytes(new Uint8Array(64)));
    });
    const bytes = writer.finish();
    expect(toHex(bytes.subarray(0, 6))).toBe('404401014040');
    expect(bytes).toHaveLength(70);
  });

  it('keeps nothing of what it gave away', () => {
    const writer = new Writer(4);
    writer.bytes(Uint8Array.of(1, 2, 3));
    const first = writer.finish();
    expect(writer.finish()).toHaveLength(0);
    writer.bytes(Uint8Array.of(9));
    expect(toHex(writer.finish())).toBe('09');
    expect(toHex(first)).toBe('010203');
  });
});
