/**
 * Byte arrays: plain views of what the platform returns, constants, comparison in constant time.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto';

/** Gives a Uint8Array over the memory of a Buffer, whose `slice` would share memory where an array's copies. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Encodes text, which is ASCII in all labels. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Joins byte arrays. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Compares two byte arrays; for equal lengths the time does not depend on the contents. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
