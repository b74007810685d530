/**
 * A toy certification authority that issues whatever a test asks for, also what no authority should.
 *
 * @module
 */
import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** The time at which every story takes place, in seconds. */
export const NOW = 1_800_000_000n;
const DAY = 86_400;

/** The kinds of keys that the tests sign with, and those that nobody should. */
export type KeyName =
  'p256' | 'p384' | 'p521' | 'ed25519' | 'ed448' | 'rsa' | 'rsa-1024' | 'secp256k1' | 'x25519';

/** A private key and its kind; the public one is derived from it. */
export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Makes a key. */
export function newCertificateKey(name: KeyName): TestKey {
  switch (name) {
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'p521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' });
    case 'secp256k1':
      return generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'ed448':
      return generateKeyPairSync('ed448');
    case 'x25519':
      return generateKeyPairSync('x25519');
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'rsa-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 });
  }
}

interface Scheme {
  readonly oid: string;
  readonly parameters?: string;
  readonly hash: string | null;
  readonly pss?: true;
}

const PSS = (hash: string, salt: string) =>
  `3034a00f300d06096086480165030402${hash}0500a11c301a06092a864886f70d010108300d06096086480165030402${hash}0500a2030201${salt}`;

/** The algorithms that certificates are signed with in these tests, good ones and bad ones. */
export const schemes = {
  'ecdsa-sha256': { oid: '1.2.840.10045.4.3.2', hash: 'sha256' },
  'ecdsa-sha384': { oid: '1.2.840.10045.4.3.3', hash: 'sha384' },
  'ecdsa-sha512': { oid: '1.2.840.10045.4.3.4', hash: 'sha512' },
  'ecdsa-sha1': { oid: '1.2.840.10045.4.1', hash: 'sha1' },
  ed25519: { oid: '1.3.101.112', hash: null },
  ed448: { oid: '1.3.101.113', hash: null },
  'rsa-sha256': { oid: '1.2.840.113549.1.1.11', parameters: '0500', hash: 'sha256' },
  'rsa-sha384': { oid: '1.2.840.113549.1.1.12', parameters: '0500', hash: 'sha384' },
  'rsa-sha512': { oid: '1.2.840.113549.1.1.13', parameters: '0500', hash: 'sha512' },
  'rsa-sha1': { oid: '1.2.840.113549.1.1.5', parameters: '0500', hash: 'sha1' },
  'rsa-md5': { oid: '1.2.840.113549.1.1.4', parameters: '0500', hash: 'md5' },
  'pss-sha256': { oid: '1.2.840.113549.1.1.10', parameters: PSS('01', '20'), hash: 'sha256', pss: true },
  'pss-sha384': { oid: '1.2.840.113549.1.1.10', parameters: PSS('02', '30'), hash: 'sha384', pss: true },
  'pss-sha512': { oid: '1.2.840.113549.1.1.10', parameters: PSS('03', '40'), hash: 'sha512', pss: true },
  'pss-empty': { oid: '1.2.840.113549.1.1.10', parameters: '3000', hash: 'sha1', pss: true },
} as const satisfies Readonly<Record<string, Scheme>>;

/** The name of an algorithm that certificates are signed with. */
export type SchemeName = keyof typeof schemes;

/** Attributes of a distinguished name, from the root down: common name, organisation, address. */
export type TestName = Readonly<Partial<Record<'o' | 'ou' | 'cn' | 'email', string>>>;

/** What a certificate says; what is absent is what a good certificate of its kind says. */
export interface CertificateRequest {
  readonly subject?: TestName;
  readonly issuer?: TestName;
  readonly serialNumber?: string;
  readonly notBefore?: bigint;
  readonly notAfter?: bigint;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: number;
  readonly without?: readonly ('basicConstraints' | 'keyUsage')[];
  readonly uris?: readonly string[];
  readonly names?: readonly Partial<GeneralName>[];
  readonly permitted?: readonly Partial<GeneralName>[];
  readonly excluded?: readonly Partial<GeneralName>[];
  readonly purposes?: readonly string[];
  readonly extensions?: readonly Partial<Extension>[];
  readonly version?: Version;
  /** Makes more of the certificate's inside wrong than can be said above. */
  readonly change?: (tbs: TBSCertificate) => void;
  /** The algorithm that stands outside of the signature, when it is another one. */
  readonly outside?: SchemeName;
}

/** A certificate and the key that it is about. */
export interface Issued {
  readonly der: Uint8Array;
  readonly key: TestKey;
  readonly subject: TestName;
}

/** Who signs: a CA, or anybody. */
export interface Signer {
  readonly subject: TestName;
  readonly key: TestKey;
  readonly scheme?: SchemeName;
}

/** Makes a distinguished name. */
export function nameOf(name: TestName): Name {
  const types = { o: '2.5.4.10', ou: '2.5.4.11', cn: '2.5.4.3', email: '1.2.840.113549.1.9.1' } as const;
  const keys = ['o', 'ou', 'cn', 'email'] as const;
  return new Name(
    keys.flatMap((key) => {
      const text = name[key];
      if (text === undefined) return [];
      const value = new AttributeValue(key === 'email' ? { ia5String: text } : { utf8String: text });
      return [new RelativeDistinguishedName([new AttributeTypeAndValue({ type: types[key], value })])];
    }),
  );
}

/** Issues a certificate for a key. */
export function issue(signer: Signer, key: TestKey, request: CertificateRequest = {}): Issued {
  const scheme = signer.scheme ?? schemeFor(signer.key);
  const subject = request.subject ?? { o: 'Example', cn: request.ca === true ? 'Some CA' : 'A device' };
  const tbs = new TBSCertificate({
    version: request.version ?? Version.v3,
    serialNumber: bytes(request.serialNumber ?? serialFor(key)),
    signature: algorithmOf(scheme),
    issuer: nameOf(request.issuer ?? signer.subject),
    validity: validityOf(request),
    subject: nameOf(subject),
    subjectPublicKeyInfo: AsnConvert.parse(
      key.publicKey.export({ format: 'der', type: 'spki' }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions(extensionsOf(request)),
  });
  request.change?.(tbs);
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: algorithmOf(request.outside ?? scheme),
    signatureValue: signWith(scheme, signer.key, AsnConvert.serialize(tbs)),
  });
  return { der: new Uint8Array(AsnConvert.serialize(certificate)), key, subject };
}

/** Makes a CA that signs itself. */
export function rootCa(
  request: CertificateRequest = {},
  kind: KeyName = 'p256',
  scheme?: SchemeName,
): Issued & Signer {
  const key = newCertificateKey(kind);
  const subject = request.subject ?? { o: 'Example', cn: 'Root CA' };
  const signer = { subject, key, ...(scheme && { scheme }) };
  return { ...issue(signer, key, { ca: true, ...request, subject }), ...signer };
}

/** Makes a CA below another one. */
export function subordinateCa(
  above: Signer,
  request: CertificateRequest = {},
  kind: KeyName = 'p256',
): Issued & Signer {
  const key = newCertificateKey(kind);
  const subject = request.subject ?? { o: 'Example', cn: 'Issuing CA' };
  return { ...issue(above, key, { ca: true, ...request, subject }), subject, key };
}

function validityOf({ notBefore, notAfter }: CertificateRequest): Validity {
  const from = new Date(Number(notBefore ?? NOW - BigInt(DAY)) * 1000);
  const to = new Date(Number(notAfter ?? NOW + BigInt(30 * DAY)) * 1000);
  const validity = new Validity({ notBefore: from, notAfter: to });
  validity.notBefore = new Time(from);
  validity.notAfter = new Time(to);
  return validity;
}

function extensionsOf(request: CertificateRequest): Extension[] {
  const { purposes, extensions = [] } = request;
  return [
    ...basicsOf(request),
    ...alternativeNamesOf(request),
    ...nameConstraintsOf(request),
    ...(purposes === undefined ? [] : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([...purposes]))]),
    ...extensions.map((more) => new Extension({ extnValue: new OctetString(2), ...more })),
  ];
}

function basicsOf({ ca = false, pathLength, keyUsage, without = [] }: CertificateRequest): Extension[] {
  const usage = keyUsage ?? (ca ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature);
  const constraints = new BasicConstraints({ cA: ca });
  if (pathLength !== undefined) constraints.pathLenConstraint = pathLength;
  const basics = {
    basicConstraints: extension(id_ce_basicConstraints, constraints, true),
    keyUsage: extension(id_ce_keyUsage, new KeyUsage(usage), true),
  };
  const wanted = (['basicConstraints', 'keyUsage'] as const).filter((name) => !without.includes(name));
  return wanted.map((name) => basics[name]);
}

function alternativeNamesOf({ uris = [], names = [] }: CertificateRequest): Extension[] {
  const all = [...uris.map((uniformResourceIdentifier) => ({ uniformResourceIdentifier })), ...names];
  if (all.length === 0) return [];
  return [
    extension(id_ce_subjectAltName, new SubjectAlternativeName(all.map((name) => new GeneralName(name)))),
  ];
}

function nameConstraintsOf({ permitted, excluded }: CertificateRequest): Extension[] {
  if (permitted === undefined && excluded === undefined) return [];
  const constraints = new NameConstraints();
  if (permitted !== undefined) constraints.permittedSubtrees = subtrees(permitted);
  if (excluded !== undefined) constraints.excludedSubtrees = subtrees(excluded);
  return [extension(id_ce_nameConstraints, constraints, true)];
}

function subtrees(names: readonly Partial<GeneralName>[]): GeneralSubtrees {
  return new GeneralSubtrees(names.map((name) => new GeneralSubtree({ base: new GeneralName(name) })));
}

/** Makes an extension of a structure. */
export function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

const USUAL_SCHEMES: Readonly<Partial<Record<string, SchemeName>>> = {
  ed25519: 'ed25519',
  ed448: 'ed448',
  rsa: 'rsa-sha256',
};

function schemeFor({ privateKey }: TestKey): SchemeName {
  return USUAL_SCHEMES[privateKey.asymmetricKeyType ?? ''] ?? 'ecdsa-sha256';
}

function algorithmOf(name: SchemeName): AlgorithmIdentifier {
  const { oid, ...more }: Scheme = schemes[name];
  const { parameters } = more;
  return new AlgorithmIdentifier({
    algorithm: oid,
    ...(parameters !== undefined && { parameters: bytes(parameters) }),
  });
}

function signWith(name: SchemeName, { privateKey }: TestKey, data: ArrayBuffer): ArrayBuffer {
  const { hash, pss }: Scheme = schemes[name];
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const key = pss === true ? { key: privateKey, ...padding } : privateKey;
  return Uint8Array.from(sign(hash, new Uint8Array(data), key)).buffer;
}

/** A serial number that is the same for the same key, positive and without zeros in front. */
function serialFor({ publicKey }: TestKey): string {
  const hash = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex');
  return `5${hash.slice(1, 32)}`;
}

function bytes(hex: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(hex, 'hex')).buffer;
}
