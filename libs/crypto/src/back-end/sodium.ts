/**
 * The back end that takes half the time: libsodium for X25519 and Ed25519, `node:crypto` for everything else.
 *
 * It takes raw keys, so nothing is imported. What is kept beside a private key is what is computed from it.
 *
 * @module
 */

import { CryptoError } from '../errors.ts';
import { Ed25519, X25519 } from '../key-algorithms.ts';
import { requirePublicKeyShape, toScalar, type KeyPair } from '../keys.ts';
import { randomBytes } from '../random.ts';
import type { BackEnd, KeyAgreement, Signing } from './back-end.ts';
import { keptBeside } from './kept.ts';
import { nodeBackEnd } from './node.ts';
import type { SodiumNative } from './sodium-native.ts';

const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;

/** Makes the back end. */
export function createSodiumBackEnd(sodium: SodiumNative): BackEnd {
  return {
    name: 'sodium',
    keyAgreement: (algorithm) =>
      algorithm === X25519 ? createX25519(sodium) : nodeBackEnd.keyAgreement(algorithm),
    signing: (algorithm, hash) =>
      algorithm === Ed25519 ? createEd25519(sodium) : nodeBackEnd.signing(algorithm, hash),
  };
}

function createX25519(sodium: SodiumNative): KeyAgreement {
  // A receiver needs its own public key each time it decrypts.
  const publicKeyOf = (privateKey: Uint8Array): Uint8Array =>
    keptBeside(privateKey, X25519, () => {
      const publicKey = new Uint8Array(KEY_SIZE);
      sodium.crypto_scalarmult_base(publicKey, toScalar(X25519, privateKey));
      return publicKey;
    });
  return {
    backEnd: 'sodium',
    algorithm: X25519,
    ...keyFunctions((privateKey) => publicKeyOf(privateKey).slice()),
    diffieHellman(privateKey, publicKey) {
      requirePublicKeyShape(X25519, publicKey);
      const scalar = toScalar(X25519, privateKey);
      const secret = new Uint8Array(KEY_SIZE);
      try {
        sodium.crypto_scalarmult(secret, scalar, publicKey);
      } catch (cause) {
        throw new CryptoError('INVALID_PUBLIC_KEY', 'no secret can be agreed on with this key', { cause });
      }
      return secret;
    },
  };
}

function createEd25519(sodium: SodiumNative): Signing {
  const secretKeyOf = (seed: Uint8Array): Uint8Array =>
    keptBeside(seed, Ed25519, () => {
      const secretKey = new Uint8Array(2 * KEY_SIZE);
      sodium.crypto_sign_seed_keypair(new Uint8Array(KEY_SIZE), secretKey, toScalar(Ed25519, seed));
      return secretKey;
    });
  return {
    backEnd: 'sodium',
    algorithm: Ed25519,
    ...keyFunctions((seed) => secretKeyOf(seed).slice(KEY_SIZE)),
    sign(seed, data) {
      const signature = new Uint8Array(SIGNATURE_SIZE);
      sodium.crypto_sign_detached(signature, data, secretKeyOf(seed));
      return signature;
    },
    verify(publicKey, data, signature) {
      requirePublicKeyShape(Ed25519, publicKey);
      return (
        signature.length === SIGNATURE_SIZE && sodium.crypto_sign_verify_detached(signature, data, publicKey)
      );
    },
    // libsodium has no thread pool.
    verifyAsync: nodeBackEnd.signing(Ed25519, null).verifyAsync,
  };
}

/** On Curve25519 any 32 bytes are a private key. */
function keyFunctions(
  publicKeyOf: (privateKey: Uint8Array) => Uint8Array,
): Pick<KeyAgreement, 'generateKeyPair' | 'publicKeyOf'> {
  const generateKeyPair = (): KeyPair => {
    const privateKey = randomBytes(KEY_SIZE);
    return { privateKey, publicKey: publicKeyOf(privateKey) };
  };
  return { generateKeyPair, publicKeyOf };
}
