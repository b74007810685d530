/**
 * Raw keys and the key objects of the platform (RFC 9420 §5.1.1).
 *
 * Importing a key costs as much as using it. So each object is kept beside the very array that holds the raw key,
 * for as long as that array lives; whoever overwrites the array has to use `wipe`.
 *
 * @module
 */

import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { plain } from './bytes.ts';
import { CryptoError } from './errors.ts';
import type { KeyAlgorithm, NistCurve } from './key-algorithms.ts';
import type { Randomness } from './random.ts';

/** A public key and its private key, raw. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

interface Kept {
  readonly algorithm: KeyAlgorithm;
  readonly object: KeyObject;
}

const publicKeys = new WeakMap<Uint8Array, Kept>();
const privateKeys = new WeakMap<Uint8Array, Kept>();

/** Drops the key objects that belong to an array which is about to be overwritten. */
export function forgetKey(raw: Uint8Array): void {
  publicKeys.delete(raw);
  privateKeys.delete(raw);
}

/** Gives the key object of a raw public key. @throws CryptoError INVALID_PUBLIC_KEY */
export function importPublicKey(algorithm: KeyAlgorithm, raw: Uint8Array): KeyObject {
  const kept = publicKeys.get(raw);
  if (kept?.algorithm === algorithm) return kept.object;
  const object = importPublicKeyOnce(algorithm, raw);
  publicKeys.set(raw, { algorithm, object });
  return object;
}

/**
 * Gives the key object of a raw public key and does not keep it.
 *
 * @throws CryptoError INVALID_PUBLIC_KEY
 */
export function importPublicKeyOnce(algorithm: KeyAlgorithm, raw: Uint8Array): KeyObject {
  const kept = publicKeys.get(raw);
  if (kept?.algorithm === algorithm) return kept.object;
  requirePublicKeyShape(algorithm, raw);
  try {
    return withoutStackTraces(() =>
      createPublicKey({ key: asBuffer(raw), format: 'raw-public', ...parametersOf(algorithm) }),
    );
  } catch (cause) {
    throw new CryptoError('INVALID_PUBLIC_KEY', `no ${nameOf(algorithm)} public key`, { cause });
  }
}

/** Refuses bytes that are no public key to work with. @throws CryptoError INVALID_PUBLIC_KEY */
export function validatePublicKey(algorithm: KeyAlgorithm, raw: Uint8Array): void {
  // Only points of a curve equation have to be looked at; the import does it, and its result is kept for later.
  if (algorithm.type === 'ec') importPublicKey(algorithm, raw);
  else requirePublicKeyShape(algorithm, raw);
}

/** Gives the key object of a raw private key. @throws CryptoError INVALID_PRIVATE_KEY */
export function importPrivateKey(algorithm: KeyAlgorithm, raw: Uint8Array): KeyObject {
  const kept = privateKeys.get(raw);
  if (kept?.algorithm === algorithm) return kept.object;
  const key = toScalar(algorithm, raw);
  try {
    const object = withoutStackTraces(() =>
      createPrivateKey({ key: asBuffer(key), format: 'raw-private', ...parametersOf(algorithm) }),
    );
    privateKeys.set(raw, { algorithm, object });
    return object;
  } catch (cause) {
    throw new CryptoError('INVALID_PRIVATE_KEY', `no ${nameOf(algorithm)} private key`, { cause });
  } finally {
    if (key !== raw) key.fill(0);
  }
}

/** Computes the public key of a raw private key. @throws CryptoError INVALID_PRIVATE_KEY */
export function publicKeyOf(algorithm: KeyAlgorithm, privateKey: Uint8Array): Uint8Array {
  if (algorithm.curve !== undefined) return publicPointOf(algorithm, algorithm.curve, privateKey);
  const object = createPublicKey(importPrivateKey(algorithm, privateKey));
  const raw = plain(object.export({ format: 'raw-public' }));
  publicKeys.set(raw, { algorithm, object });
  return raw;
}

/** On the NIST curves this takes a third of the time of two key objects, which most derived keys never need. */
function publicPointOf(algorithm: KeyAlgorithm, { opensslName }: NistCurve, raw: Uint8Array): Uint8Array {
  const key = toScalar(algorithm, raw);
  try {
    const ecdh = createECDH(opensslName);
    ecdh.setPrivateKey(key);
    return plain(ecdh.getPublicKey());
  } finally {
    if (key !== raw) key.fill(0);
  }
}

/** Makes a fresh key pair with the generator of the platform. */
export function generateKeyPair(algorithm: KeyAlgorithm): KeyPair {
  const pair = generateObjects(algorithm);
  const publicKey = plain(pair.publicKey.export({ format: 'raw-public' }));
  const privateKey = plain(pair.privateKey.export({ format: 'raw-private' }));
  publicKeys.set(publicKey, { algorithm, object: pair.publicKey });
  privateKeys.set(privateKey, { algorithm, object: pair.privateKey });
  return { publicKey, privateKey };
}

/** Makes a private key out of bytes from a given source. */
export function drawPrivateKey(algorithm: KeyAlgorithm, random: Randomness): Uint8Array {
  return algorithm.curve
    ? sampleScalar(algorithm, () => random.bytes(algorithm.privateKeySize))
    : random.bytes(algorithm.privateKeySize);
}

/**
 * Takes candidates until one is a private key of the curve (RFC 9180 §7.1.3).
 *
 * @throws CryptoError KEY_DERIVATION_FAILED after 256 candidates
 */
export function sampleScalar(
  algorithm: KeyAlgorithm,
  candidate: (counter: number) => Uint8Array,
): Uint8Array {
  for (let counter = 0; counter <= 255; counter++) {
    const bytes = candidate(counter);
    bytes[0] = (bytes[0] ?? 0) & (algorithm.curve?.bitmask ?? 0xff);
    if (isScalar(algorithm, bytes)) return bytes;
  }
  throw new CryptoError('KEY_DERIVATION_FAILED', 'no candidate is below the order of the curve');
}

function isScalar({ curve }: KeyAlgorithm, bytes: Uint8Array): boolean {
  return curve === undefined || (Buffer.compare(bytes, curve.order) < 0 && bytes.some((byte) => byte !== 0));
}

/** Gives a private key in its full size. @throws CryptoError INVALID_PRIVATE_KEY */
export function toScalar(algorithm: KeyAlgorithm, raw: Uint8Array): Uint8Array {
  const size = algorithm.privateKeySize;
  let key = raw;
  // Some writers of big-endian numbers drop leading zeros.
  if (algorithm.curve !== undefined && raw.length < size) {
    key = new Uint8Array(size);
    key.set(raw, size - raw.length);
  }
  if (key.length === size && isScalar(algorithm, key)) return key;
  throw new CryptoError('INVALID_PRIVATE_KEY', `no ${nameOf(algorithm)} private key of ${size} bytes`);
}

const UNCOMPRESSED = 4;

/** Checks all that needs no arithmetic: length, form, small order. @throws CryptoError INVALID_PUBLIC_KEY */
export function requirePublicKeyShape(algorithm: KeyAlgorithm, raw: Uint8Array): void {
  if (raw.length !== algorithm.publicKeySize) {
    const expected = `a ${nameOf(algorithm)} public key of ${algorithm.publicKeySize} bytes`;
    throw new CryptoError('INVALID_PUBLIC_KEY', `${expected} expected, found ${raw.length}`);
  }
  if (algorithm.type === 'ec' && raw[0] !== UNCOMPRESSED) {
    throw new CryptoError('INVALID_PUBLIC_KEY', 'an uncompressed point expected');
  }
  if (isWeak(algorithm, raw)) {
    throw new CryptoError('INVALID_PUBLIC_KEY', 'the point has a small order');
  }
}

function isWeak({ weakKeys, ignoresTopBit }: KeyAlgorithm, raw: Uint8Array): boolean {
  if (weakKeys === undefined) return false;
  const canonical = Buffer.from(raw);
  const last = canonical.length - 1;
  if (ignoresTopBit) canonical[last] = (canonical[last] ?? 0) & 0x7f;
  return weakKeys.has(canonical.toString('hex'));
}

type Parameters =
  | { readonly asymmetricKeyType: 'x25519' | 'x448' | 'ed25519' | 'ed448' }
  | { readonly asymmetricKeyType: 'ec'; readonly namedCurve: string };

function parametersOf({ type, curve }: KeyAlgorithm): Parameters {
  return type === 'ec'
    ? { asymmetricKeyType: type, namedCurve: curve?.name ?? '' }
    : { asymmetricKeyType: type };
}

function nameOf({ type, curve }: KeyAlgorithm): string {
  return curve?.name ?? type;
}

function asBuffer(raw: Uint8Array): Buffer {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.length);
}

function generateObjects({ type, curve }: KeyAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (type === 'ec') return generateKeyPairSync(type, { namedCurve: curve?.name ?? '' });
  if (type === 'x25519') return generateKeyPairSync(type);
  if (type === 'x448') return generateKeyPairSync(type);
  return type === 'ed25519' ? generateKeyPairSync(type) : generateKeyPairSync(type);
}

/** The platform makes and drops an error on the way in of each raw key; its stack trace is most of the cost. */
function withoutStackTraces<T>(run: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
