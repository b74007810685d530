/**
 * A certificate, read and checked for its form only (RFC 5280 §4.1).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { Certificate, Version, type TBSCertificate, type Time } from '@peculiar/asn1-x509';
import { readName, type DistinguishedName } from './distinguished-name.ts';
import { parseDer, readExtensions, type CertificateExtensions } from './extensions.ts';
import { algorithmName, readPublicKey, type CertifiedKey } from './public-key.ts';
import { Refused, refuse } from './refusal.ts';
import type { SignedData } from './signature.ts';

/** What a certificate says, and what its issuer signed. Nothing in it is believed yet. */
export interface X509Certificate {
  /** SHA-256 of the whole certificate, in hexadecimal. */
  readonly fingerprint: string;
  /** The serial number as it stands in the certificate, in hexadecimal. */
  readonly serialNumber: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Seconds since 1970; both ends are within. */
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  readonly key: CertifiedKey;
  readonly extensions: CertificateExtensions;
  /** The name of the algorithm that it is signed with, see `algorithmName`. */
  readonly signatureAlgorithm: string;
  readonly signed: SignedData;
}

/** The largest certificate that is read, in bytes. */
export const MAX_CERTIFICATE_SIZE = 16_384;

/** Reads a certificate. @throws Refused */
export function readCertificate(der: Uint8Array): X509Certificate {
  if (der.length > MAX_CERTIFICATE_SIZE) refuse('CERTIFICATE_TOO_LARGE');
  try {
    return fromAsn(parseDer(der, Certificate), der);
  } catch (error) {
    if (error instanceof Refused) throw error;
    // The parser throws whatever it likes, also a RangeError when the bytes are nested too deeply.
    return refuse('CERTIFICATE_MALFORMED', error);
  }
}

function fromAsn(certificate: Certificate, der: Uint8Array): X509Certificate {
  const { tbsCertificate: tbs, tbsCertificateRaw: raw, signatureAlgorithm, signatureValue } = certificate;
  const algorithm = algorithmName(signatureAlgorithm);
  // §4.1.1.2: outside of the signature stands the same algorithm as inside.
  if (raw === undefined || algorithm !== algorithmName(tbs.signature)) refuse('CERTIFICATE_MALFORMED');
  return {
    fingerprint: createHash('sha256').update(der).digest('hex'),
    serialNumber: Buffer.from(tbs.serialNumber).toString('hex'),
    ...readSubject(tbs),
    signatureAlgorithm: algorithm,
    signed: { data: new Uint8Array(raw), signature: new Uint8Array(signatureValue) },
  };
}

type SubjectPart = Omit<X509Certificate, 'fingerprint' | 'serialNumber' | 'signatureAlgorithm' | 'signed'>;

function readSubject(tbs: TBSCertificate): SubjectPart {
  // §4.1.2.9: without version 3 there are no extensions, and without extensions nothing here can be judged.
  if (tbs.version !== Version.v3) refuse('CERTIFICATE_MALFORMED');
  return {
    issuer: readName(tbs.issuer),
    subject: readName(tbs.subject),
    notBefore: toSeconds(tbs.validity.notBefore),
    notAfter: toSeconds(tbs.validity.notAfter),
    key: readPublicKey(tbs.subjectPublicKeyInfo),
    extensions: readExtensions(tbs.extensions ?? []),
  };
}

function toSeconds(time: Time): bigint {
  const milliseconds = time.getTime().getTime();
  if (!Number.isFinite(milliseconds)) refuse('CERTIFICATE_MALFORMED');
  return BigInt(Math.floor(milliseconds / 1000));
}
