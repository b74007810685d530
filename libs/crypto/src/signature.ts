/**
 * Signature schemes: Ed25519, Ed448 and ECDSA (RFC 9420 §5.1.2).
 *
 * @module
 */

import type { BackEnd, Signing } from './back-end/back-end.ts';
import { hasSmallOrder } from './edwards25519.ts';
import type { HashName } from './hash.ts';
import { Ed25519, Ed448, P256, P384, P521, type KeyAlgorithm } from './key-algorithms.ts';
import { drawPrivateKey, validatePublicKey, type KeyPair } from './keys.ts';
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
export function createSignatureScheme(
  scheme: SignatureSchemeName,
  backEnd: BackEnd,
  random: Randomness,
): SignatureScheme {
  const { keys: algorithm, hash } = SCHEMES[scheme];
  const signing = backEnd.signing(algorithm, hash);
  const { verify, verifyAsync } = scheme === 'ed25519' ? withoutSmallOrder(signing) : signing;
  return {
    scheme,
    publicKeySize: algorithm.publicKeySize,
    privateKeySize: algorithm.privateKeySize,
    generateKeyPair: () =>
      random === systemRandomness ? signing.generateKeyPair() : drawKeyPair(signing, random),
    publicKeyOf: signing.publicKeyOf,
    sign: signing.sign,
    verify,
    verifyAsync,
    validatePublicKey: (publicKey) => validatePublicKey(algorithm, publicKey),
  };
}

function drawKeyPair({ algorithm, publicKeyOf }: Signing, random: Randomness): KeyPair {
  const privateKey = drawPrivateKey(algorithm, random);
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/**
 * Under a key of small order, and with an R of small order, one signature is valid for many contents. libsodium and OpenSSL
 * since 3.5 refuse them, earlier ones do not; members must agree whatever they run on.
 */
function withoutSmallOrder({ verify, verifyAsync }: Signing): Pick<Signing, 'verify' | 'verifyAsync'> {
  return {
    verify: (publicKey, data, signature) =>
      verify(publicKey, data, signature) && !hasSmallOrder(publicKey) && !hasSmallOrder(signature),
    verifyAsync: async (publicKey, data, signature) =>
      (await verifyAsync(publicKey, data, signature)) &&
      !hasSmallOrder(publicKey) &&
      !hasSmallOrder(signature),
  };
}
