/**
 * The primitives of a cipher suite on `node:crypto`, each in the fastest form that is honest.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto';

import { createAead } from './aead.ts';
import { createHashing } from './hashing.ts';
import { createKem } from './kem.ts';
import { createSignatures } from './signatures.ts';
import type { SuiteParameters } from './suites.ts';

/** What a key encapsulation gives its sender. */
export interface Encapsulation {
  readonly sharedKey: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** A key with its nonce. */
export interface AeadKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** What an AEAD cipher gives; the tag stays apart. */
export interface Sealed {
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** A signature and what it belongs to. */
export interface Signed {
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** What floors are made of. The counting double of the tests implements it too. */
export interface Primitives {
  hash(input: Uint8Array): Uint8Array;
  /** Takes the padded key and the message in one piece. */
  hmac(input: Uint8Array): Uint8Array;
  /** Gives the raw public key of a fresh HPKE key pair. */
  generateKeyPair(): Uint8Array;
  /** Gives the raw public key of a raw private HPKE key. */
  derivePublicKey(privateKey: Uint8Array): Uint8Array;
  importPrivateKey(privateKey: Uint8Array): KeyObject;
  importPublicKey(publicKey: Uint8Array): KeyObject;
  encapsulate(publicKey: KeyObject): Encapsulation;
  decapsulate(privateKey: KeyObject, ciphertext: Uint8Array): Uint8Array;
  /** An empty `aad` is left out. */
  seal(key: AeadKey, aad: Uint8Array, plaintext: Uint8Array): Sealed;
  /** @throws Error when it does not open */
  open(key: AeadKey, aad: Uint8Array, sealed: Sealed): Uint8Array;
  sign(privateKey: KeyObject, data: Uint8Array): Uint8Array;
  importSignatureKey(publicKey: Uint8Array): KeyObject;
  /** @throws Error when the signature is not valid */
  verify(publicKey: KeyObject, signed: Signed): void;
  /** Verifies on the thread pool. Rejects when the signature is not valid. */
  verifyOnPool(publicKey: KeyObject, signed: Signed): Promise<void>;
}

/** Makes the primitives of a suite. */
export function createPrimitives({ kem, hash, aead, signature }: SuiteParameters): Primitives {
  return {
    ...createHashing(hash),
    ...createKem(kem),
    ...createAead(aead),
    ...createSignatures(signature, hash),
  };
}
