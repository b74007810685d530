/**
 * The signature algorithms that certificates may be signed with (RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410).
 *
 * @module
 */
import { constants, verify } from 'node:crypto';
import type { CertifiedKey, KeyKind } from './public-key.ts';

/** A way to sign a certificate. */
export interface CertificateSignatureScheme {
  readonly key: KeyKind;
  /** Null where the scheme has its hash function built in. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly pss?: true;
}

/** Something that is signed, and the signature. */
export interface SignedData {
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/*
 * Algorithm and parameters, byte for byte, as the RFCs write them. What is not here is refused: MD5 and SHA-1 first of
 * all, and RSASSA-PSS with parameters of somebody's own choice.
 */
const SCHEMES: ReadonlyMap<string, CertificateSignatureScheme> = new Map<string, CertificateSignatureScheme>([
  ['1.2.840.10045.4.3.2/', { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3/', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4/', { key: 'ec', hash: 'sha512' }],
  ['1.3.101.112/', { key: 'ed25519', hash: null }],
  ['1.3.101.113/', { key: 'ed448', hash: null }],
  ['1.2.840.113549.1.1.11/0500', { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12/0500', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13/0500', { key: 'rsa', hash: 'sha512' }],
  [`1.2.840.113549.1.1.10/${pssParameters('01', '20')}`, { key: 'rsa', hash: 'sha256', pss: true }],
  [`1.2.840.113549.1.1.10/${pssParameters('02', '30')}`, { key: 'rsa', hash: 'sha384', pss: true }],
  [`1.2.840.113549.1.1.10/${pssParameters('03', '40')}`, { key: 'rsa', hash: 'sha512', pss: true }],
]);

/** The parameters of RSASSA-PSS with one hash function throughout and a salt of its length (RFC 4055 §3.1). */
function pssParameters(hash: string, saltLength: string): string {
  const hashAlgorithm = `300d06096086480165030402${hash}0500`;
  const mask = `301a06092a864886f70d010108${hashAlgorithm}`;
  return `3034a00f${hashAlgorithm}a11c${mask}a2030201${saltLength}`;
}

/** Gives the scheme of an algorithm's name, as `algorithmName` writes it; undefined when it is not allowed. */
export function findSignatureScheme(name: string): CertificateSignatureScheme | undefined {
  return SCHEMES.get(name);
}

/** Tells whether a key made a signature; a key of another kind did not. Works on the thread pool. */
export function isSignedWith(
  scheme: CertificateSignatureScheme,
  { kind, object }: CertifiedKey,
  { data, signature }: SignedData,
): Promise<boolean> {
  if (kind !== scheme.key) return Promise.resolve(false);
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const key = scheme.pss ? { key: object, ...pss } : object;
  return new Promise((resolve, reject) => {
    verify(scheme.hash, data, key, signature, (error, valid) =>
      error === null ? resolve(valid) : reject(error),
    );
  });
}
