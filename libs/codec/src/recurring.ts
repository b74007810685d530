/**
 * Structures that are the same in many places, such as the capabilities of all clients of one make: decoded once.
 *
 * @module
 */

import type { Codec } from './codec.ts';

interface Known<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/** So many different values are remembered, and none that takes more bytes: hostile input cannot make this large. */
const KEPT_VALUES = 16;
const KEPT_BYTES = 256;

/**
 * Wraps a codec of immutable objects, so that equal encodings which follow one another decode to one and the same object.
 *
 * An encoding tells by itself where it ends. So whatever starts with the bytes of a known value is that value.
 */
export function recurring<T extends object>(inner: Codec<T>): Codec<T> {
  const known: Known<T>[] = [];
  const remember = (bytes: Uint8Array, value: T): void => {
    if (bytes.length > KEPT_BYTES) return;
    known.unshift({ bytes: Uint8Array.from(bytes), value });
    if (known.length > KEPT_VALUES) known.pop();
  };
  return {
    write: (writer, value) => inner.write(writer, value),
    read(reader) {
      for (const { bytes, value } of known) if (reader.skip(bytes)) return value;
      const start = reader.offset;
      const value = inner.read(reader);
      remember(reader.since(start), value);
      return value;
    },
  };
}
