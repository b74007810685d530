/**
 * The npm package `sodium-native`, where it is installed: what the floor uses of libsodium.
 *
 * @module
 */

import { createRequire } from 'node:module';

/** The functions of libsodium on Curve25519; each writes into its first array, or throws. */
export interface Sodium {
  crypto_scalarmult_base(publicKey: Uint8Array, privateKey: Uint8Array): void;
  crypto_scalarmult(shared: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): void;
  crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, data: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, data: Uint8Array, publicKey: Uint8Array): boolean;
}

/** Loads the package. @throws Error when it is not installed, or has no binary for this machine */
export function loadSodium(): Sodium {
  // oxlint-disable-next-line no-unsafe-type-assertion -- a package without type declarations
  return createRequire(import.meta.url)('sodium-native') as Sodium;
}
