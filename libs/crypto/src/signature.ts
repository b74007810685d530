/**
 * Signature schemes: Ed25519, Ed448 and ECDSA (RFC 9420 §5.1.2).
 *
 * @module
 */

import { sign, verify } from 'node:crypto';

import { plain } from './bytes.ts';
import type { HashName } from './hash.ts';
import { Ed25519, Ed448, P256, P384, P521, type KeyAlgorithm } from './key-algorithms.ts';
import * as keys from './keys.ts';
import type { KeyPair } from './keys.ts';
import { systemRandomness, type Randomness } from './random.ts';

/** The signature schemes, named as in TLS 1.3. */
export type SignatureSchemeName =
  'ed25519' | 'ed448' | 'ecdsa_secp256r1_sha256' | 'ecdsa_secp384r1_sha384' | 'ecdsa_secp521r1_sha512';

/** A signature scheme. ECDSA signatures are DER, EdDSA signatures R||S. */
export interface SignatureScheme {
  readonly scheme: SignatureSchemeName;
  readonly publicKeySize: number;
  readonly privateKeySize: number;
  generateKeyPair(): KeyPair;
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  sign(privateKey: Uint8Array, data: Uint8Array): Uint8Array;
  /** Tells whether a signature is valid; a malformed one is not. @throws CryptoError INVALID_PUBLIC_KEY */
  verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
  /** Does the same on the thread pool, so that many signatures use all processors. */
  verifyAsync(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  validatePublicKey(publicKey: Uint8Array): void;
}

// EdDSA has its hash function built in.
const SCHEMES: Readonly<Record<SignatureSchemeName, { keys: KeyAlgorithm; hash: HashName | null }>> = {
  ed25519: { keys: Ed25519, hash: null },
  ed448: { keys: Ed448, hash: null },
  ecdsa_secp256r1_sha256: { keys: P256, hash: 'sha256' },
  ecdsa_secp384r1_sha384: { keys: P384, hash: 'sha384' },
  ecdsa_secp521r1_sha512: { keys: P521, hash: 'sha512' },
};

/** Makes the signature scheme of a name. */
export function createSignatureScheme(scheme: SignatureSchemeName, random: Randomness): SignatureScheme {
  const { keys: algorithm, hash } = SCHEMES[scheme];
  return {
    scheme,
    publicKeySize: algorithm.publicKeySize,
    privateKeySize: algorithm.privateKeySize,
    generateKeyPair: () =>
      random === systemRandomness
        ? keys.generateKeyPair(algorithm)
        : keys.deriveKeyPairFrom(algorithm, random),
    publicKeyOf: (privateKey) => keys.publicKeyOf(algorithm, privateKey),
    sign: (privateKey, data) => plain(sign(hash, data, keys.importPrivateKey(algorithm, privateKey))),
    verify: (publicKey, data, signature) =>
      verify(hash, data, keys.importPublicKey(algorithm, publicKey), signature),
    verifyAsync(publicKey, data, signature) {
      return new Promise((resolve, reject) => {
        const key = keys.importPublicKey(algorithm, publicKey);
        verify(hash, data, key, signature, (error, valid) =>
          error === null ? resolve(valid) : reject(error),
        );
      });
    },
    validatePublicKey: (publicKey) => keys.validatePublicKey(algorithm, publicKey),
  };
}
