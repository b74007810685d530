/**
 * Structures that keep the bytes they were decoded from, so that what was signed is what is hashed and sent on.
 *
 * @module
 */

import { encode, type Codec } from './codec.ts';

/** A codec that remembers the encoding of each value that it read or encoded once. */
export interface RetainedCodec<T extends object> extends Codec<T> {
  /** The encoding of a value; made at most once. Callers must not change it. */
  bytesOf(value: T): Uint8Array;
}

const BYTES = Symbol('the encoding');

/** Wraps a codec of immutable objects: each is encoded at most once, and a decoded one never again. */
export function retained<T extends object>(inner: Codec<T>): RetainedCodec<T> {
  const bytesOf = (value: T): Uint8Array => keptBytes(value) ?? keep(value, encode(inner, value));
  return {
    bytesOf,
    write: (writer, value) => writer.bytes(bytesOf(value)),
    read(reader) {
      const start = reader.offset;
      const value = inner.read(reader);
      keep(value, reader.since(start));
      return value;
    },
  };
}

function keptBytes(value: object): Uint8Array | undefined {
  const kept: unknown = Reflect.get(value, BYTES);
  return kept instanceof Uint8Array ? kept : undefined;
}

// A property that is not enumerable: a changed copy (`{ ...value, … }`) does not get it. A WeakMap would take twice the memory.
function keep(value: object, bytes: Uint8Array): Uint8Array {
  Object.defineProperty(value, BYTES, { value: bytes });
  return bytes;
}
