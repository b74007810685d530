/**
 * The primitives of a cipher suite, and on `node:crypto` each in the fastest form that is honest.
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

/** A key pair that steps are prepared with: in the form that the primitives take, and as bytes. */
export interface PreparedKeys<Key> {
  readonly publicKey: Key;
  readonly privateKey: Key;
  readonly rawPublicKey: Uint8Array;
  readonly rawPrivateKey: Uint8Array;
}

/**
 * What floors are made of, on one back end, with keys in the form that it takes. The counting double of the tests implements
 * it too.
 */
export interface Primitives<Key = KeyObject> {
  /** Makes an HPKE key pair for the inputs of other primitives. */
  prepareKemKeys(): PreparedKeys<Key>;
  /** Makes a signature key pair for the inputs of other primitives. */
  prepareSignatureKeys(): PreparedKeys<Key>;
  hash(input: Uint8Array): Uint8Array;
  /** Takes the padded key and the message in one piece. */
  hmac(input: Uint8Array): Uint8Array;
  /** Gives the raw public key of a fresh HPKE key pair. */
  generateKeyPair(): Uint8Array;
  /** Gives the raw public key of a raw private HPKE key. */
  derivePublicKey(privateKey: Uint8Array): Uint8Array;
  importPrivateKey(privateKey: Uint8Array): Key;
  importPublicKey(publicKey: Uint8Array): Key;
  encapsulate(publicKey: Key): Encapsulation;
  decapsulate(privateKey: Key, ciphertext: Uint8Array): Uint8Array;
  /** An empty `aad` is left out. */
  seal(key: AeadKey, aad: Uint8Array, plaintext: Uint8Array): Sealed;
  /** @throws Error when it does not open */
  open(key: AeadKey, aad: Uint8Array, sealed: Sealed): Uint8Array;
  sign(privateKey: Key, data: Uint8Array): Uint8Array;
  importSignatureKey(publicKey: Uint8Array): Key;
  /** @throws Error when the signature is not valid */
  verify(publicKey: Key, signed: Signed): void;
  /** Verifies one of many signatures: on the thread pool where that is faster. Rejects when it is not valid. */
  verifyOneOfMany(publicKey: Key, signed: Signed): Promise<void>;
}

/** Makes the primitives of a suite on `node:crypto`. */
export function createPrimitives({ kem, hash, aead, signature }: SuiteParameters): Primitives {
  return {
    ...createHashing(hash),
    ...createKem(kem),
    ...createAead(aead),
    ...createSignatures(signature, hash),
  };
}
