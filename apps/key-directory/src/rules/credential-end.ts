/**
 * When a credential is believed no longer: a KeyPackage is of no use from then on, whatever its own lifetime.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { attestationOf } from '@canopy/identity';
import { CredentialType, type LeafNode } from '@canopy/mls';
import { decodeJwt } from 'jose';

/** Gives the last moment of a credential that was found valid, in milliseconds since 1970. */
export function endOfCredential({ credential, extensions }: LeafNode): number {
  if (credential.credentialType === CredentialType.x509) {
    const ends = credential.certificates.map(({ certData }) => endOfCertificate(certData));
    return Math.min(...ends);
  }
  const attestation = attestationOf(extensions);
  return attestation === undefined ? Infinity : endOfAttestation(attestation);
}

function endOfCertificate(der: Uint8Array): number {
  return new X509Certificate(der).validToDate.getTime();
}

/** The first second after the end is named, so the moment before is the last one. */
function endOfAttestation(jwt: string): number {
  const { exp } = decodeJwt(jwt);
  return exp === undefined ? Infinity : exp * 1000 - 1;
}
