/**
 * Cipher suites whose keys and nonces come from a seed, so that a run can be played again.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { getCipherSuite, type CipherSuite, type Randomness } from '@canopy/crypto';

/** Randomness that is the same in every run: SHA-512 over a seed and a counter. */
export function seededRandomness(seed: string): Randomness {
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

/** Gives a suite that draws from a seed. ECDSA signatures (suites 2, 5, 7) still differ from run to run. */
export function seededSuite(id: number, seed: number): CipherSuite {
  return getCipherSuite(id, { random: seededRandomness(`canopy fuzz ${seed}`) });
}
