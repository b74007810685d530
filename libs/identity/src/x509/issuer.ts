/**
 * Who issues certificates: a CA with its private key.
 *
 * @module
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Certificate,
  id_ce_subjectKeyIdentifier,
  Name,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  type TBSCertificate,
} from '@peculiar/asn1-x509';
import { IdentityError } from '../errors.ts';
import { readCertificate, type X509Certificate } from './certificate.ts';
import { parseDer } from './extensions.ts';
import { Refused } from './refusal.ts';

/** A CA with its private key. */
export interface CertificateIssuer {
  /** The CA's own certificate, DER; undefined for one that is about to sign itself. */
  readonly certificate: Uint8Array | undefined;
  /** The CA's name. */
  readonly subject: Name;
  /** What certificates below name this key by (RFC 5280 §4.2.1.1). */
  readonly keyIdentifier: Uint8Array;
  readonly privateKey: KeyObject;
  /** When its certificate ends, in seconds; nothing that it issues holds longer. */
  readonly notAfter: bigint;
}

/**
 * Reads the certificate of a CA and puts it together with its private key.
 *
 * @throws IdentityError INVALID_CERTIFICATE when it is malformed or no CA, or when the key is not its key
 */
export function readIssuer(der: Uint8Array, privateKey: KeyObject): CertificateIssuer {
  const certificate = readCa(der);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  if (!spki.equals(certificate.key.spki)) {
    throw new IdentityError('INVALID_CERTIFICATE', 'the private key is not that of the certificate');
  }
  signatureOf(privateKey);
  const { tbsCertificate: tbs } = parseDer(der, Certificate);
  return {
    certificate: der,
    subject: tbs.subject,
    keyIdentifier: keyIdentifierIn(tbs) ?? keyIdentifierOf(spki),
    privateKey,
    notAfter: certificate.notAfter,
  };
}

/** Names a key by the first 160 bits of its SHA-256 (RFC 7093 §2). */
export function keyIdentifierOf(spki: Uint8Array): Uint8Array {
  const { subjectPublicKey } = AsnConvert.parse(spki, SubjectPublicKeyInfo);
  return Uint8Array.from(
    createHash('sha256').update(new Uint8Array(subjectPublicKey)).digest().subarray(0, 20),
  );
}

/** How a CA signs: the algorithm as it stands in the certificate, and its hash function. */
export interface IssuerSignature {
  readonly algorithm: AlgorithmIdentifier;
  /** Null where the algorithm has its hash function built in. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
}

const SIGNATURES: ReadonlyMap<string, readonly [oid: string, hash: IssuerSignature['hash']]> = new Map([
  ['ec prime256v1', ['1.2.840.10045.4.3.2', 'sha256']],
  ['ec secp384r1', ['1.2.840.10045.4.3.3', 'sha384']],
  ['ec secp521r1', ['1.2.840.10045.4.3.4', 'sha512']],
  ['ed25519 ', ['1.3.101.112', null]],
  ['ed448 ', ['1.3.101.113', null]],
  ['rsa ', ['1.2.840.113549.1.1.11', 'sha256']],
]);

/** Gives the algorithm that a CA's key signs with. @throws IdentityError INVALID_CERTIFICATE for a key of another kind */
export function signatureOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): IssuerSignature {
  const kind = `${asymmetricKeyType} ${asymmetricKeyDetails?.namedCurve ?? ''}`;
  const [algorithm, hash] = SIGNATURES.get(kind) ?? [];
  if (algorithm === undefined || hash === undefined) {
    throw new IdentityError('INVALID_CERTIFICATE', 'a CA key for ECDSA, EdDSA or RSA expected');
  }
  // RFC 4055 §5: with RSA the parameters are NULL; with the others they are absent.
  const parameters = asymmetricKeyType === 'rsa' ? { parameters: null } : {};
  return { algorithm: new AlgorithmIdentifier({ algorithm, ...parameters }), hash };
}

function readCa(der: Uint8Array): X509Certificate {
  try {
    const certificate = readCertificate(der);
    const { basicConstraints, keyUsage } = certificate.extensions;
    if (basicConstraints?.isCa === true && keyUsage?.includes('keyCertSign') === true) return certificate;
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    throw new IdentityError('INVALID_CERTIFICATE', cause.reason, { cause });
  }
  throw new IdentityError('INVALID_CERTIFICATE', 'a CA that may sign certificates expected');
}

function keyIdentifierIn({ extensions }: TBSCertificate): Uint8Array | undefined {
  const found = extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  if (found === undefined) return undefined;
  return new Uint8Array(AsnConvert.parse(found.extnValue.buffer, SubjectKeyIdentifier).buffer);
}
