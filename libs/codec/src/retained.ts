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

/** Wraps a codec of immutable objects: each is encoded at most once, and a decoded one never again. */
export function retained<T extends object>(inner: Codec<T>): RetainedCodec<T> {
  const kept = new WeakMap<T, Uint8Array>();
  const bytesOf = (value: T): Uint8Array => {
    const known = kept.get(value);
    if (known !== undefined) return known;
    const bytes = encode(inner, value);
    kept.set(value, bytes);
    return bytes;
  };
  return {
    bytesOf,
    write: (writer, value) => writer.bytes(bytesOf(value)),
    read(reader) {
      const start = reader.offset;
      const value = inner.read(reader);
      kept.set(value, reader.since(start));
      return value;
    },
  };
}
