/**
 * The npm package `sodium-native`, an optional peer: what of it is used, and loading it where it is installed.
 *
 * @module
 */

import { createRequire } from 'node:module';

/** The functions of libsodium on Curve25519; each writes into its first array, or throws. */
export interface SodiumNative {
  /** Wants a secret key of 32 bytes; writes its public key. */
  crypto_scalarmult_base(publicKey: Uint8Array, privateKey: Uint8Array): void;
  /** Throws for a point of small order. */
  crypto_scalarmult(shared: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): void;
  /** Writes the public key and the 64 bytes (seed and public key) that `crypto_sign_detached` wants. */
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, data: Uint8Array, secretKey: Uint8Array): void;
  /** Throws for arrays of another size; a signature may have bytes after its end. */
  crypto_sign_verify_detached(signature: Uint8Array, data: Uint8Array, publicKey: Uint8Array): boolean;
}

/** The package, or why there is none. */
export type Loaded =
  | { readonly found: true; readonly sodium: SodiumNative }
  | { readonly found: false; readonly cause: unknown };

let loaded: Loaded | undefined;

/** Loads the package, once. One that is installed but has no binary for this machine is not found, either. */
export function loadSodiumNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  try {
    const module: unknown = createRequire(import.meta.url)('sodium-native');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a package without type declarations, in the version that package.json names
    return { found: true, sodium: module as SodiumNative };
  } catch (cause) {
    return { found: false, cause };
  }
}
