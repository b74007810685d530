/**
 * The pre-shared keys that the test runner gives to an actor.
 *
 * @module
 */

import type { PskStore } from '@canopy/mls';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** External PSKs by id. The resumption PSKs of a group are in its own state. */
export class PskTable implements PskStore {
  readonly #keys = new Map<string, Uint8Array>();

  store(pskId: Uint8Array, psk: Uint8Array): void {
    this.#keys.set(textOf(pskId), psk);
  }

  // A copy: the key schedule may overwrite what it was given.
  findExternalPsk(pskId: Uint8Array): Uint8Array | undefined {
    const psk = this.#keys.get(textOf(pskId));
    return psk && Uint8Array.from(psk);
  }

  findResumptionPsk(): Uint8Array | undefined {
    return undefined;
  }
}
