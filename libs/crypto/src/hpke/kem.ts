/**
 * Key encapsulation by Diffie-Hellman: DHKEM (RFC 9180 §4.1, §7.1).
 *
 * @module
 */

import type { DHKEM, Encapsulation, KeyAgreement } from '../back-end/back-end.ts';
import { concat, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Kdf } from '../kdf.ts';
import type { KeyAlgorithm } from '../key-algorithms.ts';
import { sampleScalar, type KeyPair } from '../keys.ts';
import { systemRandomness, type Randomness } from '../random.ts';
import { wipe } from '../secret.ts';
import { createLabeledKdf, toUint16, type LabeledKdf } from './labeled-kdf.ts';

/** A key encapsulation mechanism. */
export interface Kem {
  readonly id: number;
  readonly keys: KeyAlgorithm;
  generateKeyPair(): KeyPair;
  deriveKeyPair(ikm: Uint8Array): KeyPair;
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  encapsulate(publicKey: Uint8Array): Encapsulation;
  /** @throws CryptoError DECRYPTION_FAILED when the output is no public key to agree with, INVALID_PRIVATE_KEY */
  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array;
}

/** What a KEM is made of. */
export interface KemParameters {
  readonly id: number;
  readonly agreement: KeyAgreement;
  readonly kdf: Kdf;
}

const EMPTY = new Uint8Array(0);

/** Makes a DHKEM. */
export function createKem({ id, agreement, kdf }: KemParameters, random: Randomness): Kem {
  const { algorithm, publicKeyOf } = agreement;
  const labeled = createLabeledKdf(kdf, concat(utf8('KEM'), toUint16(id)));
  const deriveKeyPair = (ikm: Uint8Array): KeyPair => {
    const privateKey = derivePrivateKey(algorithm, labeled, ikm);
    return { privateKey, publicKey: publicKeyOf(privateKey) };
  };
  const fromSystem = random === systemRandomness;
  const generateKeyPair = (): KeyPair =>
    fromSystem ? agreement.generateKeyPair() : deriveKeyPair(random.bytes(algorithm.privateKeySize));
  const steps = dhkemInSteps(agreement, labeled, generateKeyPair);
  const { encapsulate } = (fromSystem ? agreement.dhkem : undefined) ?? steps;
  const { decapsulate } = agreement.dhkem ?? steps;
  return {
    id,
    keys: algorithm,
    generateKeyPair,
    deriveKeyPair,
    publicKeyOf,
    encapsulate,
    decapsulate: (privateKey, kemOutput) => received(() => decapsulate(privateKey, kemOutput)),
  };
}

/** Does step by step what some back ends do as a whole (RFC 9180 §4.1). */
function dhkemInSteps(
  { diffieHellman, publicKeyOf }: KeyAgreement,
  labeled: LabeledKdf,
  generateKeyPair: () => KeyPair,
): DHKEM {
  const extractAndExpand = (dh: Uint8Array, context: Uint8Array): Uint8Array => {
    const prk = labeled.labeledExtract(EMPTY, 'eae_prk', dh);
    const sharedSecret = labeled.labeledExpand(prk, 'shared_secret', context, labeled.size);
    dh.fill(0);
    prk.fill(0);
    return sharedSecret;
  };
  return {
    encapsulate(publicKey) {
      const { privateKey, publicKey: kemOutput } = generateKeyPair();
      try {
        const dh = diffieHellman(privateKey, publicKey);
        return { kemOutput, sharedSecret: extractAndExpand(dh, concat(kemOutput, publicKey)) };
      } finally {
        wipe(privateKey);
      }
    },
    decapsulate(privateKey, kemOutput) {
      const context = concat(kemOutput, publicKeyOf(privateKey));
      return extractAndExpand(diffieHellman(privateKey, kemOutput), context);
    },
  };
}

/** A public key that cannot be agreed with is the sender's fault here. */
function received(run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code !== 'INVALID_PUBLIC_KEY') throw cause;
    throw new CryptoError('DECRYPTION_FAILED', 'the KEM output is no public key to agree with', { cause });
  }
}

/** DeriveKeyPair (RFC 9180 §7.1.3). */
function derivePrivateKey(algorithm: KeyAlgorithm, labeled: LabeledKdf, ikm: Uint8Array): Uint8Array {
  const size = algorithm.privateKeySize;
  const prk = labeled.labeledExtract(EMPTY, 'dkp_prk', ikm);
  const privateKey =
    algorithm.curve === undefined
      ? labeled.labeledExpand(prk, 'sk', EMPTY, size)
      : sampleScalar(algorithm, (counter) =>
          labeled.labeledExpand(prk, 'candidate', Uint8Array.of(counter), size),
        );
  prk.fill(0);
  return privateKey;
}
