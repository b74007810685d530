/**
 * The primitives of suites 1 and 3 with X25519 and Ed25519 by libsodium, and all else by `node:crypto`.
 *
 * libsodium takes raw keys, so there is nothing to import. Fresh keys are one and the same: randomness is not counted.
 *
 * @module
 */

import { availableParallelism } from 'node:os';

import { createAead } from './aead.ts';
import { createHashing } from './hashing.ts';
import type { PreparedKeys, Primitives } from './primitives.ts';
import { createSignatures } from './signatures.ts';
import type { Sodium } from './sodium-native.ts';
import type { Curve, HashParameters, SuiteParameters } from './suites.ts';

const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;
const FRESH_KEY = new Uint8Array(KEY_SIZE).fill(0x5a);

/** From this many processors on, the thread pool of `node:crypto` verifies more than libsodium on the main thread. */
const POOL_WINS_FROM = 3;

type Hashing = Pick<Primitives, 'hash' | 'hmac'>;
type Kem = Pick<
  Primitives<Uint8Array>,
  | 'prepareKemKeys'
  | 'generateKeyPair'
  | 'derivePublicKey'
  | 'importPrivateKey'
  | 'importPublicKey'
  | 'encapsulate'
  | 'decapsulate'
>;
type Signatures = Pick<
  Primitives<Uint8Array>,
  'prepareSignatureKeys' | 'sign' | 'importSignatureKey' | 'verify' | 'verifyOneOfMany'
>;

/** Makes the primitives of a suite. @throws RangeError for one with other curves */
export function createSodiumPrimitives(suite: SuiteParameters, sodium: Sodium): Primitives<Uint8Array> {
  const { kem, hash, aead, signature } = suite;
  if (kem.type !== 'x25519' || signature.type !== 'ed25519') {
    throw new RangeError('libsodium computes suites with X25519 and Ed25519');
  }
  const hashing = createHashing(hash);
  return {
    ...hashing,
    ...createAead(aead),
    ...createX25519(sodium, hashing, hash),
    ...createEd25519(sodium, signature, hash),
  };
}

function createX25519(sodium: Sodium, hashing: Hashing, hash: HashParameters): Kem {
  const derivePublicKey = (privateKey: Uint8Array): Uint8Array => {
    const publicKey = new Uint8Array(KEY_SIZE);
    sodium.crypto_scalarmult_base(publicKey, privateKey);
    return publicKey;
  };
  const agree = createAgreement(sodium, hashing, hash);
  return {
    prepareKemKeys: () => rawPair(derivePublicKey(FRESH_KEY), FRESH_KEY),
    generateKeyPair: () => derivePublicKey(FRESH_KEY),
    derivePublicKey,
    importPrivateKey: (raw) => raw,
    importPublicKey: (raw) => raw,
    encapsulate(publicKey) {
      const ciphertext = derivePublicKey(FRESH_KEY);
      return { ciphertext, sharedKey: agree(FRESH_KEY, publicKey, ciphertext) };
    },
    decapsulate: (privateKey, ciphertext) => agree(privateKey, ciphertext, ciphertext),
  };
}

/** "HPKE-v1", "KEM" and the id, the label: what precedes the secret and the context (RFC 9180 §4). */
const EXTRACT_PREFIX = 7 + 5 + 'eae_prk'.length;
const EXPAND_PREFIX = 2 + 7 + 5 + 'shared_secret'.length;

/** Makes the key agreement with ExtractAndExpand, two HMACs (RFC 9180 §4.1); the padding of their keys is left out. */
function createAgreement(
  sodium: Sodium,
  { hmac }: Hashing,
  { block }: HashParameters,
): (privateKey: Uint8Array, publicKey: Uint8Array, ciphertext: Uint8Array) => Uint8Array {
  const extraction = new Uint8Array(block + EXTRACT_PREFIX + KEY_SIZE);
  const expansion = new Uint8Array(block + EXPAND_PREFIX + 2 * KEY_SIZE + 1);
  const secret = extraction.subarray(block + EXTRACT_PREFIX);
  return (privateKey, publicKey, ciphertext) => {
    sodium.crypto_scalarmult(secret, privateKey, publicKey);
    expansion.set(hmac(extraction));
    expansion.set(ciphertext, block + EXPAND_PREFIX);
    return hmac(expansion);
  };
}

function createEd25519(sodium: Sodium, curve: Curve, hash: HashParameters): Signatures {
  const pool = createSignatures(curve, hash);
  const verify: Signatures['verify'] = (publicKey, { data, signature }) => {
    if (!sodium.crypto_sign_verify_detached(signature, data, publicKey)) {
      throw new Error('a signature of the floor is not valid');
    }
  };
  return {
    prepareSignatureKeys() {
      const publicKey = new Uint8Array(KEY_SIZE);
      const secretKey = new Uint8Array(2 * KEY_SIZE);
      sodium.crypto_sign_keypair(publicKey, secretKey);
      return rawPair(publicKey, secretKey);
    },
    sign(secretKey, data) {
      const signature = new Uint8Array(SIGNATURE_SIZE);
      sodium.crypto_sign_detached(signature, data, secretKey);
      return signature;
    },
    importSignatureKey: (raw) => raw,
    verify,
    verifyOneOfMany:
      availableParallelism() < POOL_WINS_FROM
        ? async (publicKey, signed) => verify(publicKey, signed)
        : (publicKey, signed) => pool.verifyOneOfMany(pool.importSignatureKey(publicKey), signed),
  };
}

function rawPair(publicKey: Uint8Array, privateKey: Uint8Array): PreparedKeys<Uint8Array> {
  return { publicKey, privateKey, rawPublicKey: publicKey, rawPrivateKey: privateKey };
}
