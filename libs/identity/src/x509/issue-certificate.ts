/**
 * Issues certificates: of devices, and of the CAs that a small deployment needs (RFC 5280 §4, RFC 9420 §5.3).
 *
 * @module
 */
import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { getCipherSuite, type SignatureSchemeName } from '@canopy/crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { parseDeviceUri } from '../device-uri.ts';
import { IdentityError } from '../errors.ts';
import { keyIdentifierOf, signatureOf, type CertificateIssuer } from './issuer.ts';
import { INSTANT_MESSAGING } from './validate-path.ts';

/** What a device's certificate says. Times are seconds since 1970. */
export interface DeviceCertificateRequest {
  /** The device's URI: its one alternative name. */
  readonly device: string;
  /** The suite whose signature scheme the key belongs to (RFC 9420 §17.1). */
  readonly cipherSuite: number;
  readonly signatureKey: Uint8Array;
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  /** In hexadecimal, see `makeSerialNumber`. */
  readonly serialNumber: string;
}

/** What a CA's certificate says. Times are seconds since 1970. */
export interface AuthorityCertificateRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** How many CAs there may be below it. */
  readonly pathLength: number;
  readonly notBefore: bigint;
  readonly notAfter: bigint;
}

/** A certificate, and when it ends: never after its issuer. */
export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly notAfter: bigint;
}

/** Makes a serial number with 128 random bits, positive, as RFC 5280 §4.1.2.2 asks. */
export function makeSerialNumber(): string {
  return `01${randomBytes(16).toString('hex')}`;
}

/** Issues the certificate of a device. @throws IdentityError INVALID_DEVICE_URI, INVALID_CERTIFICATE when the issuer has ended; CryptoError INVALID_PUBLIC_KEY */
export function issueDeviceCertificate(
  issuer: CertificateIssuer,
  request: DeviceCertificateRequest,
): IssuedCertificate {
  const { device, cipherSuite, signatureKey } = request;
  const uri = new GeneralName({ uniformResourceIdentifier: device });
  return issue(issuer, {
    ...request,
    subject: nameOf(parseDeviceUri(device).deviceId),
    spki: toSpki(cipherSuite, signatureKey),
    extensions: [
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([INSTANT_MESSAGING])),
      extension(id_ce_subjectAltName, new SubjectAlternativeName([uri])),
    ],
  });
}

/** Issues the certificate of a CA. */
export function issueAuthorityCertificate(
  issuer: CertificateIssuer,
  request: AuthorityCertificateRequest,
): IssuedCertificate {
  const { commonName, publicKey, pathLength } = request;
  const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }));
  const constraints = new BasicConstraints({ cA: true, pathLenConstraint: pathLength });
  const usage = new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign);
  return issue(issuer, {
    ...request,
    serialNumber: makeSerialNumber(),
    subject: nameOf(commonName),
    spki,
    extensions: [
      extension(id_ce_basicConstraints, constraints, true),
      extension(id_ce_keyUsage, usage, true),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(bufferOf(keyIdentifierOf(spki)))),
    ],
  });
}

/** Makes the issuer of its own certificate: a root. */
export function selfIssuer(commonName: string, privateKey: KeyObject, notAfter: bigint): CertificateIssuer {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const keyIdentifier = keyIdentifierOf(spki);
  return { certificate: undefined, subject: nameOf(commonName), keyIdentifier, privateKey, notAfter };
}

interface Draft {
  readonly subject: Name;
  readonly spki: Uint8Array;
  readonly serialNumber: string;
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  readonly extensions: readonly Extension[];
}

function issue(issuer: CertificateIssuer, draft: Draft): IssuedCertificate {
  const { algorithm, hash } = signatureOf(issuer.privateKey);
  const notAfter = draft.notAfter < issuer.notAfter ? draft.notAfter : issuer.notAfter;
  if (notAfter <= draft.notBefore) {
    throw new IdentityError('INVALID_CERTIFICATE', 'it would end before it begins: the issuer has ended');
  }
  const identifier = new KeyIdentifier(bufferOf(issuer.keyIdentifier));
  const authority = new AuthorityKeyIdentifier({ keyIdentifier: identifier });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: bufferOf(Buffer.from(draft.serialNumber, 'hex')),
    signature: algorithm,
    issuer: issuer.subject,
    validity: validityOf(draft.notBefore, notAfter),
    subject: draft.subject,
    subjectPublicKeyInfo: AsnConvert.parse(draft.spki, SubjectPublicKeyInfo),
    extensions: new Extensions([...draft.extensions, extension(id_ce_authorityKeyIdentifier, authority)]),
  });
  const signed = sign(hash, new Uint8Array(AsnConvert.serialize(tbsCertificate)), issuer.privateKey);
  const signatureValue = bufferOf(signed);
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue });
  return { der: new Uint8Array(AsnConvert.serialize(certificate)), notAfter };
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: '2.5.4.3', value })])]);
}

function validityOf(notBefore: bigint, notAfter: bigint): Validity {
  const from = new Date(Number(notBefore) * 1000);
  const to = new Date(Number(notAfter) * 1000);
  const validity = new Validity({ notBefore: from, notAfter: to });
  // The constructor would write years after 2049 in two digits.
  validity.notBefore = new Time(from);
  validity.notAfter = new Time(to);
  return validity;
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

interface KeyParameters {
  readonly asymmetricKeyType: 'ed25519' | 'ed448' | 'ec';
  readonly namedCurve?: string;
}

const KEYS: Readonly<Record<SignatureSchemeName, KeyParameters>> = {
  ed25519: { asymmetricKeyType: 'ed25519' },
  ed448: { asymmetricKeyType: 'ed448' },
  ecdsa_secp256r1_sha256: { asymmetricKeyType: 'ec', namedCurve: 'P-256' },
  ecdsa_secp384r1_sha384: { asymmetricKeyType: 'ec', namedCurve: 'P-384' },
  ecdsa_secp521r1_sha512: { asymmetricKeyType: 'ec', namedCurve: 'P-521' },
};

/** Puts a leaf's `signature_key` into the form of certificates. */
function toSpki(cipherSuite: number, signatureKey: Uint8Array): Uint8Array {
  const { signature } = getCipherSuite(cipherSuite);
  signature.validatePublicKey(signatureKey);
  const key = Buffer.from(signatureKey);
  const object = createPublicKey({ key, format: 'raw-public', ...KEYS[signature.scheme] });
  return Uint8Array.from(object.export({ format: 'der', type: 'spki' }));
}

/** The ASN.1 library takes whole buffers only. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
