import { createHash } from 'node:crypto';

import type { Randomness } from '../src/index.ts';

/** Randomness that is the same in every run: SHA-512 over a seed and a counter. */
export function seeded(seed: string): Randomness {
  let counter = 0;
  const block = (): Uint8Array => createHash('sha512').update(`${seed}/${counter++}`).digest();
  return {
    bytes(length) {
      const result = new Uint8Array(length);
      for (let at = 0; at < length; at += 64) result.set(block().subarray(0, length - at), at);
      return result;
    },
  };
}

/** The code points of all cipher suites. */
export const SUITES = [1, 2, 3, 4, 5, 6, 7] as const;

/** Bytes of hexadecimal text. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A copy in which one bit is another. */
export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}
