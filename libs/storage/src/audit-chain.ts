/**
 * The hash chain of the audit log: changing, dropping or reordering an entry changes every later hash.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Stands for the hash before the first entry. */
const ORIGIN = new Uint8Array(32);

/** Derives the hash of an audit entry: SHA-256 over the hash of the entry before (32 zero bytes for the first) and the entry. */
export function auditHash(previousHash: Uint8Array | undefined, entry: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(previousHash ?? ORIGIN)
      .update(entry)
      .digest(),
  );
}
