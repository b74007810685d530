/**
 * Length headers of vectors: one, two or four bytes, the shortest that fits (RFC 9420 §2.1.2).
 *
 * @module
 */

import { CodecError } from './errors.ts';

/** The most bytes that a vector can hold (RFC 9420 §2.1.2, table 1). */
export const MAX_VECTOR_LENGTH = 0x3fff_ffff;

/** Gives the number of bytes that the header of a vector of this length takes. */
export function sizeOfLength(length: number): 1 | 2 | 4 {
  if (length < 0x40) return 1;
  if (length < 0x4000) return 2;
  if (length <= MAX_VECTOR_LENGTH) return 4;
  throw new CodecError('SIZE_LIMIT', `a vector holds at most ${MAX_VECTOR_LENGTH} bytes, found ${length}`);
}

/** Writes a length header at an offset; the caller has made room for `sizeOfLength(length)` bytes. */
export function putLength(bytes: Uint8Array, offset: number, length: number): void {
  switch (sizeOfLength(length)) {
    case 1:
      bytes[offset] = length;
      return;
    case 2:
      bytes[offset] = 0x40 | (length >>> 8);
      bytes[offset + 1] = length & 0xff;
      return;
    case 4:
      bytes[offset] = 0x80 | (length >>> 24);
      bytes[offset + 1] = (length >>> 16) & 0xff;
      bytes[offset + 2] = (length >>> 8) & 0xff;
      bytes[offset + 3] = length & 0xff;
  }
}

/** Gives the size of a header from its first byte. @throws CodecError INVALID_LENGTH_PREFIX for the bits 11 */
export function sizeFromPrefix(first: number): 1 | 2 | 4 {
  const prefix = first >>> 6;
  if (prefix === 3) {
    throw new CodecError('INVALID_LENGTH_PREFIX', 'a length header starts with 00, 01 or 10, found 11');
  }
  return prefix === 0 ? 1 : prefix === 1 ? 2 : 4;
}
