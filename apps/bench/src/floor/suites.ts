/**
 * What the cipher suites are made of, in the words of `node:crypto` (RFC 9420 §17.1).
 *
 * @module
 */

/** A hash function. */
export interface HashParameters {
  readonly name: 'sha256' | 'sha384' | 'sha512';
  /** Bytes of a digest: Nh. */
  readonly size: number;
  /** Bytes that HMAC pads its keys to. */
  readonly block: number;
}

/** An AEAD cipher. */
export interface AeadParameters {
  readonly name: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly keySize: number;
}

/** A curve of RFC 7748 or RFC 8032. */
export interface EdwardsCurve {
  readonly type: 'x25519' | 'x448' | 'ed25519' | 'ed448';
  readonly publicKeySize: number;
  readonly privateKeySize: number;
}

/** A curve over a prime field, with its name in OpenSSL. */
export interface NistCurve {
  readonly type: 'ec';
  readonly name: 'P-256' | 'P-384' | 'P-521';
  readonly openSslName: 'prime256v1' | 'secp384r1' | 'secp521r1';
  readonly publicKeySize: number;
  readonly privateKeySize: number;
}

/** The curve of a key pair. */
export type Curve = EdwardsCurve | NistCurve;

/** A cipher suite. */
export interface SuiteParameters {
  readonly kem: Curve;
  readonly hash: HashParameters;
  readonly aead: AeadParameters;
  readonly signature: Curve;
}

const SHA256: HashParameters = { name: 'sha256', size: 32, block: 64 };
const SHA384: HashParameters = { name: 'sha384', size: 48, block: 128 };
const SHA512: HashParameters = { name: 'sha512', size: 64, block: 128 };
const AES128: AeadParameters = { name: 'aes-128-gcm', keySize: 16 };
const AES256: AeadParameters = { name: 'aes-256-gcm', keySize: 32 };
const CHACHA: AeadParameters = { name: 'chacha20-poly1305', keySize: 32 };
const X25519: EdwardsCurve = { type: 'x25519', publicKeySize: 32, privateKeySize: 32 };
const X448: EdwardsCurve = { type: 'x448', publicKeySize: 56, privateKeySize: 56 };
const Ed25519: EdwardsCurve = { type: 'ed25519', publicKeySize: 32, privateKeySize: 32 };
const Ed448: EdwardsCurve = { type: 'ed448', publicKeySize: 57, privateKeySize: 57 };

function nist(name: NistCurve['name'], openSslName: NistCurve['openSslName'], size: number): NistCurve {
  return { type: 'ec', name, openSslName, publicKeySize: 2 * size + 1, privateKeySize: size };
}

const P256 = nist('P-256', 'prime256v1', 32);
const P384 = nist('P-384', 'secp384r1', 48);
const P521 = nist('P-521', 'secp521r1', 66);

const SUITES: ReadonlyMap<number, SuiteParameters> = new Map([
  [1, { kem: X25519, hash: SHA256, aead: AES128, signature: Ed25519 }],
  [2, { kem: P256, hash: SHA256, aead: AES128, signature: P256 }],
  [3, { kem: X25519, hash: SHA256, aead: CHACHA, signature: Ed25519 }],
  [4, { kem: X448, hash: SHA512, aead: AES256, signature: Ed448 }],
  [5, { kem: P521, hash: SHA512, aead: AES256, signature: P521 }],
  [6, { kem: X448, hash: SHA512, aead: CHACHA, signature: Ed448 }],
  [7, { kem: P384, hash: SHA384, aead: AES256, signature: P384 }],
]);

/** Gives the parameters of a suite. @throws RangeError for a code point that is not one of 1 to 7 */
export function suiteParameters(suite: number): SuiteParameters {
  const parameters = SUITES.get(suite);
  if (parameters === undefined) throw new RangeError(`a cipher suite from 1 to 7 expected, found ${suite}`);
  return parameters;
}
