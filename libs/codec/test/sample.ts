import { Buffer } from 'node:buffer';

import {
  enumeration,
  fixed,
  opaque,
  optional,
  select,
  struct,
  uint16,
  uint32,
  uint64,
  uint8,
  vector,
} from '../src/index.ts';

/** A closed set of code points. */
export const Colour = { red: 1, green: 2 } as const;

/** One of two shapes, with a tag in front. */
export const Shape = select('shape', uint8, {
  1: struct({ radius: uint16 }),
  2: struct({ corners: vector(struct({ x: uint8, y: uint8 })) }),
});

/** A structure that uses every combinator. */
export const Sample = struct({
  small: uint8,
  open: uint16,
  wide: uint32,
  epoch: uint64,
  colour: enumeration(uint8, Colour),
  name: opaque,
  magic: fixed(3),
  note: optional(opaque),
  shapes: vector(Shape),
  numbers: vector(uint32),
  nested: struct({ inner: optional(struct({ deep: vector(vector(uint8)) })) }),
});

/** A value with something in every field. */
export const sample = {
  small: 7,
  open: 0x0a0a,
  wide: 0xffff_ffff,
  epoch: 2n ** 53n + 1n,
  colour: Colour.green,
  name: Uint8Array.of(1, 2, 3),
  magic: Uint8Array.of(9, 8, 7),
  note: Uint8Array.of(5),
  shapes: [
    { shape: 1, radius: 300 },
    { shape: 2, corners: [{ x: 1, y: 2 }] },
  ],
  numbers: [1, 2],
  nested: { inner: { deep: [[1], [], [2, 3]] } },
} as const;

/** The encoding of the sample, written by hand. */
export const SAMPLE_HEX = [
  '07',
  '0a0a',
  'ffffffff',
  '0020000000000001',
  '02',
  '03 010203',
  '090807',
  '01 01 05',
  '07 01 012c 02 02 0102',
  '08 00000001 00000002',
  '01 06 01 01 00 02 0203',
]
  .join('')
  .replaceAll(' ', '');

/** Bytes of hexadecimal text. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
