/**
 * Vectors with a length header, and arrays of fixed size (RFC 9420 §2.1.2).
 *
 * @module
 */

import type { Codec } from './codec.ts';
import { CodecError } from './errors.ts';
import { sizeOfLength } from './varint.ts';

/** Bytes with a length header: `opaque value<V>`. */
export const opaque: Codec<Uint8Array> = {
  write: (writer, value) => writer.opaque(value),
  read: (reader) => reader.bytes(reader.length()),
};

/** Gives the number of bytes that `opaque` takes for a value, its header included. */
export function sizeOfOpaque(value: Uint8Array): number {
  return sizeOfLength(value.length) + value.length;
}

/** Bytes of a length that both sides know: `opaque value[n]`. */
export function fixed(size: number): Codec<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length !== size) {
        throw new CodecError('INVALID_VALUE', `${size} bytes expected, found ${value.length}`);
      }
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(size),
  };
}

// Most vectors of a tree are empty: they share one array, which is as immutable as all that is decoded.
const NOTHING: readonly never[] = Object.freeze([]);

/** A vector of structures: `T values<V>`. Its bytes must be whole elements. */
export function vector<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    write: (writer, values) =>
      writer.vector(() => {
        for (const value of values) element.write(writer, value);
      }),
    read(reader) {
      const inner = reader.vector();
      if (inner.remaining === 0) return NOTHING;
      const values: T[] = [];
      while (inner.remaining > 0) {
        const before = inner.offset;
        values.push(readElement(element, inner, values.length));
        // An element of no bytes would make an endless vector out of nothing.
        if (inner.offset === before) throw new CodecError('INVALID_VALUE', 'an element takes no bytes');
      }
      return values;
    },
  };
}

function readElement<T>(element: Codec<T>, reader: Parameters<Codec<T>['read']>[0], index: number): T {
  try {
    return element.read(reader);
  } catch (error) {
    throw error instanceof CodecError ? error.within(String(index)) : error;
  }
}
