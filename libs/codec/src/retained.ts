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

/**
 * Wraps a codec of immutable objects: each is encoded at most once, and a decoded one never again.
 *
 * The bytes are a property that is not enumerable: a changed copy (`{ ...value, … }`) does not get it. A WeakMap would take
 * twice the memory. An object that was frozen before is encoded each time.
 */
export function retained<T extends object>(inner: Codec<T>): RetainedCodec<T> {
  const property = Symbol('the encoding');
  const keep = (value: T, bytes: Uint8Array): Uint8Array => {
    if (Object.isExtensible(value)) Object.defineProperty(value, property, { value: bytes });
    return bytes;
  };
  const bytesOf = (value: T): Uint8Array => {
    const kept: unknown = Reflect.get(value, property);
    return kept instanceof Uint8Array ? kept : keep(value, encode(inner, value));
  };
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
