/**
 * The X.509 credential: a chain of certificates, the end entity's first (RFC 9420 §5.3).
 *
 * @module
 */
import { equal } from '@canopy/crypto';
import { CredentialType, type Credential } from '@canopy/mls';
import { IdentityError } from '../errors.ts';
import { MAX_CERTIFICATE_SIZE, readCertificate, type X509Certificate } from './certificate.ts';
import type { CertificatePath } from './find-paths.ts';
import { deviceOf } from './identifiers.ts';
import { toSignatureKey } from './public-key.ts';
import { Refused, refuse } from './refusal.ts';

/** How much of a presented chain is read. */
export const MAX_CHAIN_LENGTH = 8;
/** How many bytes a presented chain has at most. */
export const MAX_CHAIN_SIZE = 3 * MAX_CERTIFICATE_SIZE;

/** Makes the credential of a chain: DER, the end entity first, each certificate followed by its issuer's. */
export function x509Credential(chain: readonly Uint8Array[]): Credential {
  const certificates = chain.map((certData) => ({ certData }));
  return { credentialType: CredentialType.x509, certificates };
}

/** Gives the URI of the device that the end entity names, unchecked. @throws IdentityError INVALID_CREDENTIAL */
export function deviceOfX509Credential(credential: Credential): string {
  try {
    return deviceOf(readEndEntity(credential, readCertificate));
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    throw new IdentityError('INVALID_CREDENTIAL', cause.reason, { cause });
  }
}

/** Turns bytes into a certificate. @throws Refused */
export type CertificateReader = (der: Uint8Array) => X509Certificate;

/** Reads the certificates of a credential; none is believed yet. @throws Refused */
export function readChain(credential: Credential, read: CertificateReader): CertificatePath {
  const [endEntity, ...others] = certificatesOf(credential);
  return [read(endEntity), ...others.map(read)];
}

/** Reads only the first certificate of a credential. @throws Refused */
export function readEndEntity(credential: Credential, read: CertificateReader): X509Certificate {
  return read(certificatesOf(credential)[0]);
}

/** Requires that the end entity's key is the leaf's, in the form of its scheme (R5.3-03). @throws Refused */
export function validateSignatureKey({ key }: X509Certificate, signatureKey: Uint8Array): void {
  const certified = toSignatureKey(key);
  if (certified === undefined) refuse('CERTIFICATE_KEY_NOT_ALLOWED');
  if (!equal(certified, signatureKey)) refuse('CERTIFICATE_OTHER_KEY');
}

function certificatesOf(credential: Credential): readonly [Uint8Array, ...Uint8Array[]] {
  if (credential.credentialType !== CredentialType.x509) refuse('CREDENTIAL_NOT_X509');
  const [first, ...others] = credential.certificates.map(({ certData }) => certData);
  // R5.3-04: an empty list has no end entity.
  if (first === undefined) refuse('CHAIN_EMPTY');
  if (others.length >= MAX_CHAIN_LENGTH) refuse('CHAIN_TOO_LONG');
  const size = others.reduce((sum, { length }) => sum + length, first.length);
  if (size > MAX_CHAIN_SIZE) refuse('CHAIN_TOO_LARGE');
  return [first, ...others];
}
