/**
 * The cipher suites of MLS (RFC 9420 §5.1, §17.1).
 *
 * @module
 */

import { createAead, type Aead, type AeadName } from './aead.ts';
import type { BackEnd, BackEndName } from './back-end/back-end.ts';
import { chooseBackEnd } from './back-end/choose.ts';
import { CryptoError } from './errors.ts';
import { createHash, type Hash, type HashName } from './hash.ts';
import { createHPKE, type HPKE } from './hpke/index.ts';
import { createKem } from './hpke/kem.ts';
import { createKdf, type Kdf } from './kdf.ts';
import { P256, P384, P521, X25519, X448, type KeyAlgorithm } from './key-algorithms.ts';
import { createHmac, createMac, type Mac } from './mac.ts';
import { systemRandomness, type Randomness } from './random.ts';
import { createSignatureScheme, type SignatureScheme, type SignatureSchemeName } from './signature.ts';

/** The cipher suites in the words of the registry (RFC 9420 §17.1). */
export const CipherSuiteId = {
  MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519: 1,
  MLS_128_DHKEMP256_AES128GCM_SHA256_P256: 2,
  MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519: 3,
  MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448: 4,
  MLS_256_DHKEMP521_AES256GCM_SHA512_P521: 5,
  MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448: 6,
  MLS_256_DHKEMP384_AES256GCM_SHA384_P384: 7,
} as const;

/** The name of a cipher suite. */
export type CipherSuiteName = keyof typeof CipherSuiteId;

/** The code point of a cipher suite that is implemented. */
export type CipherSuiteId = (typeof CipherSuiteId)[CipherSuiteName];

/** All primitives that a group uses (RFC 9420 §5.1). */
export interface CipherSuite {
  readonly id: CipherSuiteId;
  readonly name: CipherSuiteName;
  /** What computes with its keys; `node` also where libsodium is in use but has not the curve of the suite. */
  readonly backEnd: BackEndName;
  readonly hash: Pick<Hash, 'size' | 'digest' | 'digestText'>;
  readonly kdf: Kdf;
  readonly mac: Mac;
  readonly aead: Aead;
  readonly signature: SignatureScheme;
  readonly hpke: HPKE;
  /** Gives fresh random bytes. */
  random(length: number): Uint8Array;
}

/** What can be chosen about a cipher suite. */
export interface CipherSuiteOptions {
  /** Where keys, seeds and nonces come from; the platform unless given. */
  readonly random?: Randomness;
  /** What computes with its keys; otherwise as `CANOPY_CRYPTO` says, or else libsodium where it is installed. */
  readonly backEnd?: BackEndName;
}

interface Row {
  readonly name: CipherSuiteName;
  readonly kem: number;
  readonly kemKeys: KeyAlgorithm;
  readonly kdf: number;
  readonly hash: HashName;
  readonly aead: number;
  readonly cipher: AeadName;
  readonly signature: SignatureSchemeName;
}

const SHA256 = { kdf: 1, hash: 'sha256' } as const;
const SHA384 = { kdf: 2, hash: 'sha384' } as const;
const SHA512 = { kdf: 3, hash: 'sha512' } as const;
const AES128 = { aead: 1, cipher: 'aes-128-gcm' } as const;
const AES256 = { aead: 2, cipher: 'aes-256-gcm' } as const;
const CHACHA = { aead: 3, cipher: 'chacha20-poly1305' } as const;
const DHKEM_P256 = { kem: 0x10, kemKeys: P256 } as const;
const DHKEM_P384 = { kem: 0x11, kemKeys: P384 } as const;
const DHKEM_P521 = { kem: 0x12, kemKeys: P521 } as const;
const DHKEM_X25519 = { kem: 0x20, kemKeys: X25519 } as const;
const DHKEM_X448 = { kem: 0x21, kemKeys: X448 } as const;

// prettier-ignore
const SUITES: Readonly<Record<CipherSuiteId, Row>> = {
  1: { name: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519', ...DHKEM_X25519, ...SHA256, ...AES128, signature: 'ed25519' },
  2: { name: 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256', ...DHKEM_P256, ...SHA256, ...AES128, signature: 'ecdsa_secp256r1_sha256' },
  3: { name: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519', ...DHKEM_X25519, ...SHA256, ...CHACHA, signature: 'ed25519' },
  4: { name: 'MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448', ...DHKEM_X448, ...SHA512, ...AES256, signature: 'ed448' },
  5: { name: 'MLS_256_DHKEMP521_AES256GCM_SHA512_P521', ...DHKEM_P521, ...SHA512, ...AES256, signature: 'ecdsa_secp521r1_sha512' },
  6: { name: 'MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448', ...DHKEM_X448, ...SHA512, ...CHACHA, signature: 'ed448' },
  7: { name: 'MLS_256_DHKEMP384_AES256GCM_SHA384_P384', ...DHKEM_P384, ...SHA384, ...AES256, signature: 'ecdsa_secp384r1_sha384' },
};

const known = new Set<number>(Object.values(CipherSuiteId));
const instances = new Map<string, CipherSuite>();

/** Tells whether a code point is a cipher suite that is implemented. */
export function isSupportedCipherSuite(id: number): id is CipherSuiteId {
  return known.has(id);
}

/**
 * Gives the cipher suite of a code point.
 *
 * @throws CryptoError UNSUPPORTED_CIPHER_SUITE, UNKNOWN_BACK_END, MISSING_BACK_END
 */
export function getCipherSuite(id: number, options: CipherSuiteOptions = {}): CipherSuite {
  if (!isSupportedCipherSuite(id)) {
    throw new CryptoError('UNSUPPORTED_CIPHER_SUITE', `a cipher suite from 1 to 7 expected, found ${id}`);
  }
  const backEnd = chooseBackEnd(options.backEnd);
  if (options.random !== undefined) return createCipherSuite(id, options.random, backEnd);
  const instance = `${backEnd.name} ${id}`;
  const existing = instances.get(instance);
  if (existing !== undefined) return existing;
  const suite = createCipherSuite(id, systemRandomness, backEnd);
  instances.set(instance, suite);
  return suite;
}

function createCipherSuite(id: CipherSuiteId, random: Randomness, backEnd: BackEnd): CipherSuite {
  const row = SUITES[id];
  const hash = createHash(row.hash);
  const hmac = createHmac(hash);
  const kdf = createKdf(hash, hmac);
  const aead = createAead(row.cipher);
  const agreement = backEnd.keyAgreement(row.kemKeys);
  // In every suite the KEM uses the same hash function as everything else.
  const kem = createKem({ id: row.kem, agreement, kdf }, random);
  return {
    id,
    name: row.name,
    backEnd: agreement.backEnd,
    hash,
    kdf,
    mac: createMac(hash, hmac),
    aead,
    signature: createSignatureScheme(row.signature, backEnd, random),
    hpke: createHPKE({ kem, kdf, kdfId: row.kdf, aead, aeadId: row.aead }),
    random: (length) => random.bytes(length),
  };
}
