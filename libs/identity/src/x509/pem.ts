/**
 * Certificates in PEM (RFC 7468).
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { IdentityError } from '../errors.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Reads all certificates of a text, in their order, as DER. @throws IdentityError INVALID_CERTIFICATE */
export function readPemCertificates(pem: string): readonly Uint8Array[] {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new IdentityError('INVALID_CERTIFICATE', 'a certificate in PEM expected');
  return blocks.map((block) => {
    try {
      return new Uint8Array(new X509Certificate(block).raw);
    } catch (cause) {
      throw new IdentityError('INVALID_CERTIFICATE', 'a certificate in PEM expected', { cause });
    }
  });
}

/** Writes a certificate in PEM. */
export function toPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}
