/**
 * What a refused step must not leave in memory (RFC 9420 §9.2).
 *
 * @module
 */

import { wipe } from '@canopy/crypto';

/**
 * Does a step that takes over secrets; when it refuses, nobody has a use for them any more and they are overwritten.
 * The secrets are listed after the refusal, so that the step may still add some.
 */
export function wipeOnRefusal<T>(secrets: () => Iterable<Uint8Array | undefined>, step: () => T): T {
  try {
    return step();
  } catch (error) {
    wipe(...secrets());
    throw error;
  }
}
