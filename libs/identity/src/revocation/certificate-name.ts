/**
 * What a certificate is called in a revocation list: its issuer and its serial number (RFC 5280 §4.1.2.2).
 *
 * @module
 */
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, Name } from '@peculiar/asn1-x509';
import { IdentityError } from '../errors.ts';
import { readName } from '../x509/distinguished-name.ts';
import { parseDer } from '../x509/extensions.ts';

/** Issuer and serial number of a certificate. */
export interface CertificateName {
  /** The issuer's distinguished name, DER. */
  readonly issuer: Uint8Array;
  /** In hexadecimal. */
  readonly serialNumber: string;
}

/** Gives what a certificate is to be called in a revocation list. @throws IdentityError INVALID_CERTIFICATE */
export function nameOfCertificate(der: Uint8Array): CertificateName {
  try {
    const { tbsCertificate: tbs } = parseDer(der, Certificate);
    const issuer = new Uint8Array(AsnConvert.serialize(tbs.issuer));
    return { issuer, serialNumber: plainSerial(Buffer.from(tbs.serialNumber).toString('hex')) };
  } catch (cause) {
    throw new IdentityError('INVALID_CERTIFICATE', 'a certificate expected', { cause });
  }
}

/** Gives a serial number as it is compared: in small letters, without zeros in front. */
export function plainSerial(serialNumber: string): string {
  return serialNumber.toLowerCase().replace(/^0+(?=.)/, '');
}

/** Gives the comparable form of an issuer's name in base64url; undefined when it is none. */
export function issuerKeyOf(base64url: string): string | undefined {
  try {
    return readName(parseDer(Buffer.from(base64url, 'base64url'), Name)).key;
  } catch {
    return undefined;
  }
}
