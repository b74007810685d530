/**
 * What does the arithmetic of the key pairs: the platform, or libsodium for Curve25519.
 *
 * Whatever back end a member uses, it makes the same bytes and refuses the same bytes.
 *
 * @module
 */

import type { HashName } from '../hash.ts';
import type { KeyAlgorithm } from '../key-algorithms.ts';
import type { KeyPair } from '../keys.ts';

/** `node` is `node:crypto`, `sodium` is the npm package `sodium-native`. */
export type BackEndName = 'node' | 'sodium';

/** Gives the functions of each kind of key pair. */
export interface BackEnd {
  readonly name: BackEndName;
  keyAgreement(algorithm: KeyAlgorithm): KeyAgreement;
  /** `hash` is `null` for EdDSA, which has its own. */
  signing(algorithm: KeyAlgorithm, hash: HashName | null): Signing;
}

interface KeyFunctions {
  readonly backEnd: BackEndName;
  readonly algorithm: KeyAlgorithm;
  /** Makes a key pair with the generator of the platform. */
  readonly generateKeyPair: () => KeyPair;
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  readonly publicKeyOf: (privateKey: Uint8Array) => Uint8Array;
}

/** Key pairs that agree on secrets. */
export interface KeyAgreement extends KeyFunctions {
  /** @throws CryptoError INVALID_PUBLIC_KEY, INVALID_PRIVATE_KEY */
  readonly diffieHellman: (privateKey: Uint8Array, publicKey: Uint8Array) => Uint8Array;
  /** The whole KEM, where the back end has one that is quicker than its steps. */
  readonly dhkem?: DHKEM;
}

/** What a key encapsulation gives its sender. */
export interface Encapsulation {
  readonly kemOutput: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** Key encapsulation by Diffie-Hellman, with the KDF that belongs to the curve (RFC 9180 §4.1). */
export interface DHKEM {
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  readonly encapsulate: (publicKey: Uint8Array) => Encapsulation;
  /** @throws CryptoError INVALID_PUBLIC_KEY for the KEM output, INVALID_PRIVATE_KEY */
  readonly decapsulate: (privateKey: Uint8Array, kemOutput: Uint8Array) => Uint8Array;
}

/** Key pairs that sign. */
export interface Signing extends KeyFunctions {
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  readonly sign: (privateKey: Uint8Array, data: Uint8Array) => Uint8Array;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  readonly verify: (publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean;
  /** Verifies on the thread pool. */
  readonly verifyAsync: (publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}
