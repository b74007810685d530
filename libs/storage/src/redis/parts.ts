/**
 * Several byte strings in one: each after its length, four bytes, the highest first. Scripts keep them without looking inside.
 *
 * @module
 */
import { unexpected } from './reply.ts';

const LENGTH = 4;

/** Puts byte strings and texts into one. */
export function joinParts(parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(LENGTH);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Takes them apart again. @throws StorageError CORRUPT */
export function splitParts(joined: Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength);
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + LENGTH > bytes.length) throw unexpected();
    const start = offset + LENGTH;
    offset = start + bytes.readUInt32BE(offset);
    if (offset > bytes.length) throw unexpected();
    parts.push(bytes.subarray(start, offset));
  }
  return parts;
}
