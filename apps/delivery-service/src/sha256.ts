/**
 * The hash by which the log knows commits, tokens of tickets and trees.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
