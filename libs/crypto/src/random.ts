/**
 * Where randomness comes from.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto';

/** A source of randomness: the operating system's, or a seeded one in tests. */
export interface Randomness {
  bytes(length: number): Uint8Array;
}

// One call to the system costs as much for a block as for a key.
const block = new Uint8Array(4096);
let used = block.length;

/** Gives fresh bytes from the cryptographic generator of the platform. */
export function randomBytes(length: number): Uint8Array {
  if (length > block.length / 4) return randomFillSync(new Uint8Array(length));
  if (used + length > block.length) {
    randomFillSync(block);
    used = 0;
  }
  const result = block.slice(used, used + length);
  // What was handed out must not be found here a second time.
  block.fill(0, used, used + length);
  used += length;
  return result;
}

/** The randomness of the platform. */
export const systemRandomness: Randomness = { bytes: randomBytes };
