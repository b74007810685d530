/**
 * The public keys that certificates may hold (RFC 5280 §4.1.2.7, RFC 5480, RFC 8410).
 *
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import type { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import { refuse } from './refusal.ts';

/** What a key is for: a signature scheme of MLS, or RSA, which only a CA may have. */
export type KeyKind = 'ec' | 'ed25519' | 'ed448' | 'rsa';

/** A public key that may be used. */
export interface CertifiedKey {
  readonly kind: KeyKind;
  readonly object: KeyObject;
  /** The key as it stands in the certificate, DER. */
  readonly spki: Uint8Array;
}

/** A named curve only: a curve that is spelled out could be one of the attacker's own making. */
const KINDS: ReadonlyMap<string, KeyKind> = new Map([
  ['1.2.840.10045.2.1/06082a8648ce3d030107', 'ec'], // P-256
  ['1.2.840.10045.2.1/06052b81040022', 'ec'], // P-384
  ['1.2.840.10045.2.1/06052b81040023', 'ec'], // P-521
  ['1.3.101.112/', 'ed25519'],
  ['1.3.101.113/', 'ed448'],
  ['1.2.840.113549.1.1.1/0500', 'rsa'],
]);

const RSA_BITS = { least: 2048, most: 8192 };

/** Gives an algorithm and its parameters as text, to look it up in a table of those that are allowed. */
export function algorithmName({ algorithm, parameters }: AlgorithmIdentifier): string {
  if (parameters === undefined) return `${algorithm}/`;
  // The parser gives null for an ASN.1 NULL.
  return `${algorithm}/${parameters === null ? '0500' : Buffer.from(parameters).toString('hex')}`;
}

/** Reads the key of a certificate; refuses those of unknown algorithms and RSA keys of an unfit size. */
export function readPublicKey(info: SubjectPublicKeyInfo): CertifiedKey {
  const kind = KINDS.get(algorithmName(info.algorithm));
  if (kind === undefined) refuse('CERTIFICATE_KEY_NOT_ALLOWED');
  const spki = Buffer.from(AsnConvert.serialize(info));
  const object = importKey(spki);
  if (kind === 'rsa' && !hasFitSize(object)) refuse('CERTIFICATE_KEY_NOT_ALLOWED');
  return { kind, object, spki };
}

/** Gives a key in the form of a leaf's `signature_key` (RFC 9420 §5.1.1); undefined for a key that no suite has. */
export function toSignatureKey({ kind, object }: CertifiedKey): Uint8Array | undefined {
  return kind === 'rsa' ? undefined : Uint8Array.from(object.export({ format: 'raw-public' }));
}

function importKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    return refuse('CERTIFICATE_MALFORMED', cause);
  }
}

function hasFitSize(key: KeyObject): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most;
}
