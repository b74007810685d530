/**
 * What was computed from a private key, kept beside the very array that holds the key, for as long as that array lives.
 *
 * @module
 */

import type { KeyAlgorithm } from '../key-algorithms.ts';

interface Kept {
  readonly algorithm: KeyAlgorithm;
  readonly bytes: Uint8Array;
}

const kept = new WeakMap<Uint8Array, Kept>();

/** Gives what belongs to a private key; it is not to be changed, nor handed out. */
export function keptBeside(
  privateKey: Uint8Array,
  algorithm: KeyAlgorithm,
  compute: () => Uint8Array,
): Uint8Array {
  const known = kept.get(privateKey);
  if (known?.algorithm === algorithm) return known.bytes;
  const bytes = compute();
  kept.set(privateKey, { algorithm, bytes });
  return bytes;
}

/** Overwrites and drops what belongs to a private key that is about to be overwritten. */
export function forgetKept(privateKey: Uint8Array): void {
  const known = kept.get(privateKey);
  if (known === undefined) return;
  known.bytes.fill(0);
  kept.delete(privateKey);
}
