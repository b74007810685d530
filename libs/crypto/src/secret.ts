/**
 * What becomes of secrets that are no longer needed (RFC 9420 §9.2).
 *
 * @module
 */

import { forgetKept } from './back-end/kept.ts';
import { forgetKey } from './keys.ts';

/** Overwrites secrets with zeros, together with what was made of them: key objects, expanded keys. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) {
    if (secret === undefined) continue;
    forgetKey(secret);
    forgetKept(secret);
    secret.fill(0);
  }
}
