/**
 * Key encapsulation by Diffie-Hellman: DHKEM (RFC 9180 §4.1, §7.1).
 *
 * @module
 */

import { decapsulate, diffieHellman, encapsulate } from 'node:crypto';

import { concat, plain, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Kdf } from '../kdf.ts';
import type { KeyAlgorithm } from '../key-algorithms.ts';
import * as keys from '../keys.ts';
import type { KeyPair } from '../keys.ts';
import { systemRandomness, type Randomness } from '../random.ts';
import { createLabeledKdf, toUint16, type LabeledKdf } from './labeled-kdf.ts';

/** What a key encapsulation gives its sender. */
export interface Encapsulation {
  readonly kemOutput: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** A key encapsulation mechanism. */
export interface Kem {
  readonly id: number;
  readonly keys: KeyAlgorithm;
  generateKeyPair(): KeyPair;
  deriveKeyPair(ikm: Uint8Array): KeyPair;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  encapsulate(publicKey: Uint8Array): Encapsulation;
  /** @throws CryptoError DECRYPTION_FAILED when the output is no public key to agree with, INVALID_PRIVATE_KEY */
  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array;
}

/** What a KEM is made of. */
export interface KemParameters {
  readonly id: number;
  readonly keys: KeyAlgorithm;
  readonly kdf: Kdf;
}

const EMPTY = new Uint8Array(0);

/** Makes a DHKEM. */
export function createKem({ id, keys: algorithm, kdf }: KemParameters, random: Randomness): Kem {
  const labeled = createLabeledKdf(kdf, concat(utf8('KEM'), toUint16(id)));
  const deriveKeyPair = (ikm: Uint8Array): KeyPair => {
    const privateKey = derivePrivateKey(algorithm, labeled, ikm);
    return { privateKey, publicKey: keys.publicKeyOf(algorithm, privateKey) };
  };
  const native = random === systemRandomness;
  const generateKeyPair = (): KeyPair =>
    native ? keys.generateKeyPair(algorithm) : deriveKeyPair(random.bytes(algorithm.privateKeySize));
  return {
    id,
    keys: algorithm,
    generateKeyPair,
    deriveKeyPair,
    encapsulate: (publicKey) =>
      native
        ? encapsulateNatively(algorithm, publicKey)
        : encapsulateWith(algorithm, labeled, generateKeyPair(), publicKey),
    decapsulate(privateKey, kemOutput) {
      const key = keys.importPrivateKey(algorithm, privateKey);
      try {
        // The platform would take other forms of a point, too; it checks the curve equation itself.
        keys.requirePublicKeyShape(algorithm, kemOutput);
        return plain(decapsulate(key, kemOutput));
      } catch (cause) {
        throw new CryptoError('DECRYPTION_FAILED', 'the KEM output is no public key to agree with', {
          cause,
        });
      }
    },
  };
}

function encapsulateNatively(algorithm: KeyAlgorithm, publicKey: Uint8Array): Encapsulation {
  const key = keys.importPublicKey(algorithm, publicKey);
  try {
    const { sharedKey, ciphertext } = encapsulate(key);
    return { kemOutput: plain(ciphertext), sharedSecret: plain(sharedKey) };
  } catch (cause) {
    throw new CryptoError('INVALID_PUBLIC_KEY', 'no secret can be agreed on with this key', { cause });
  }
}

/** Encapsulates with a given ephemeral key pair, step by step. */
function encapsulateWith(
  algorithm: KeyAlgorithm,
  labeled: LabeledKdf,
  ephemeral: KeyPair,
  publicKey: Uint8Array,
): Encapsulation {
  const dh = agree(algorithm, ephemeral.privateKey, publicKey);
  const prk = labeled.labeledExtract(EMPTY, 'eae_prk', dh);
  const context = concat(ephemeral.publicKey, publicKey);
  const sharedSecret = labeled.labeledExpand(prk, 'shared_secret', context, labeled.size);
  dh.fill(0);
  prk.fill(0);
  return { kemOutput: ephemeral.publicKey, sharedSecret };
}

function agree(algorithm: KeyAlgorithm, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const publicObject = keys.importPublicKey(algorithm, publicKey);
  const privateObject = keys.importPrivateKey(algorithm, privateKey);
  try {
    return plain(diffieHellman({ privateKey: privateObject, publicKey: publicObject }));
  } catch (cause) {
    throw new CryptoError('INVALID_PUBLIC_KEY', 'no secret can be agreed on with this key', { cause });
  }
}

/** DeriveKeyPair (RFC 9180 §7.1.3). */
function derivePrivateKey(algorithm: KeyAlgorithm, labeled: LabeledKdf, ikm: Uint8Array): Uint8Array {
  const size = algorithm.privateKeySize;
  const prk = labeled.labeledExtract(EMPTY, 'dkp_prk', ikm);
  const privateKey =
    algorithm.curve === undefined
      ? labeled.labeledExpand(prk, 'sk', EMPTY, size)
      : keys.sampleScalar(algorithm, (counter) =>
          labeled.labeledExpand(prk, 'candidate', Uint8Array.of(counter), size),
        );
  prk.fill(0);
  return privateKey;
}
