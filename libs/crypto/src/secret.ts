/**
 * What becomes of secrets that are no longer needed (RFC 9420 §9.2).
 *
 * @module
 */

import { forgetKey } from './keys.ts';

/** Overwrites secrets with zeros and drops the key objects that were made of them. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) {
    if (secret === undefined) continue;
    forgetKey(secret);
    secret.fill(0);
  }
}
