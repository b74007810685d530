import { describe, expect, it } from '@jest/globals';

import { Reader } from '../src/index.ts';
import { hex } from './sample.ts';

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });

describe('Reader', () => {
  it('counts what it has read and what is left', () => {
    const reader = new Reader(hex('0102030405'));
    expect(reader.uint(3)).toBe(0x010203);
    expect([reader.offset, reader.remaining]).toEqual([3, 2]);
    expect(reader.since(1)).toEqual(hex('0203'));
    expect(reader.bytes(2)).toEqual(hex('0405'));
    expect(() => reader.finish()).not.toThrow();
  });

  it('cannot read past its end, and stays where it was', () => {
    const reader = new Reader(hex('0102'));
    expect(() => reader.uint(4)).toThrow(code('TRUNCATED'));
    expect(() => reader.bytes(3)).toThrow(code('TRUNCATED'));
    expect(reader.remaining).toBe(2);
    expect(reader.uint(2)).toBe(0x0102);
    expect(() => reader.uint(1)).toThrow(code('TRUNCATED'));
    expect(() => reader.length()).toThrow(code('TRUNCATED'));
  });

  it('ends where a vector ends, although more bytes follow', () => {
    const outer = new Reader(hex('0201020304'));
    const inner = outer.vector();
    expect(inner.bytes(2)).toEqual(hex('0102'));
    expect(() => inner.uint(1)).toThrow(code('TRUNCATED'));
    expect(outer.bytes(2)).toEqual(hex('0304'));
  });

  it('passes over bytes that are expected, and reads nothing where others come', () => {
    const reader = new Reader(hex('0102030405'), 0, 4);
    expect(reader.skip(hex('0103'))).toBe(false);
    expect(reader.offset).toBe(0);
    expect(reader.skip(hex('0102'))).toBe(true);
    expect(reader.skip(hex(''))).toBe(true);
    expect([reader.offset, reader.remaining]).toEqual([2, 2]);
    // The bytes go on, the reader does not.
    expect(reader.skip(hex('030405'))).toBe(false);
    expect(reader.offset).toBe(2);
    expect(reader.bytes(2)).toEqual(hex('0304'));
  });

  it('says how many bytes are left over [R2.1-02]', () => {
    expect(() => new Reader(hex('0102')).finish()).toThrow(code('TRAILING_BYTES'));
    expect(() => new Reader(hex('0102')).finish()).toThrow('2 bytes are left over');
  });
});
