/**
 * Unsigned integers of fixed width, network byte order (RFC 9420 §2.1).
 *
 * @module
 */

import type { Codec } from './codec.ts';
import { CodecError } from './errors.ts';

function unsigned(size: 1 | 2 | 4): Codec<number> {
  const max = 2 ** (8 * size) - 1;
  return {
    write(writer, value) {
      if (!Number.isInteger(value) || value < 0 || value > max) {
        throw new CodecError('INVALID_VALUE', `uint${8 * size} expected, found ${value}`);
      }
      writer.uint(value, size);
    },
    read: (reader) => reader.uint(size),
  };
}

/** An integer of one byte. */
export const uint8: Codec<number> = unsigned(1);

/** An integer of two bytes. */
export const uint16: Codec<number> = unsigned(2);

/** An integer of four bytes. */
export const uint32: Codec<number> = unsigned(4);

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** An integer of eight bytes: epochs and times keep all their bits. */
export const uint64: Codec<bigint> = {
  write(writer, value) {
    if (value < 0n || value > MAX_UINT64) {
      throw new CodecError('INVALID_VALUE', `uint64 expected, found ${value}`);
    }
    writer.uint(Number(value >> 32n), 4);
    writer.uint(Number(value & 0xffff_ffffn), 4);
  },
  read(reader) {
    const high = BigInt(reader.uint(4));
    return (high << 32n) | BigInt(reader.uint(4));
  },
};

/**
 * A closed set of code points: a value outside of it has no meaning and no `select` arm.
 * Reading one throws UNKNOWN_VALUE.
 */
export function enumeration<const V extends number>(
  base: Codec<number>,
  values: Readonly<Record<string, V>>,
): Codec<V> {
  const known = new Map<number, V>(Object.values(values).map((value) => [value, value]));
  const check = (value: number): V => {
    const found = known.get(value);
    if (found === undefined) {
      throw new CodecError(
        'UNKNOWN_VALUE',
        `one of ${[...known.keys()].join(', ')} expected, found ${value}`,
      );
    }
    return found;
  };
  return {
    write: (writer, value) => base.write(writer, check(value)),
    read: (reader) => check(base.read(reader)),
  };
}
