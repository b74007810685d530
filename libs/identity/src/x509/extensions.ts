/**
 * The extensions of a certificate that a path is judged by (RFC 5280 §4.2.1).
 *
 * @module
 */
import { AsnConvert, type OctetString } from '@peculiar/asn1-schema';
import {
  BasicConstraints,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  KeyUsage,
  NameConstraints as AsnNameConstraints,
  SubjectAlternativeName,
  type Extension,
  type GeneralSubtree,
  type KeyUsageType,
} from '@peculiar/asn1-x509';
import { readGeneralName, type GeneralName } from './general-name.ts';
import { refuse } from './refusal.ts';

/** Which names the certificates below a CA may have, and which not. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** What the extensions of a certificate say; undefined where an extension is absent. */
export interface CertificateExtensions {
  readonly basicConstraints: { readonly isCa: boolean; readonly pathLength: number | undefined } | undefined;
  readonly keyUsage: readonly KeyUsageType[] | undefined;
  readonly purposes: readonly string[] | undefined;
  readonly alternativeNames: readonly GeneralName[];
  readonly nameConstraints: NameConstraints | undefined;
  /** Whether an extension is critical that is none of these. */
  readonly hasUnknownCritical: boolean;
}

/** So many names, or subtrees, does a certificate have at most: each name is compared with each subtree. */
const MAX_NAMES = 64;

const KNOWN: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
  id_ce_nameConstraints,
]);

/** Reads the extensions of a certificate; refuses one that occurs twice or is not DER. */
export function readExtensions(extensions: readonly Extension[]): CertificateExtensions {
  const values = new Map(extensions.map(({ extnID, extnValue }) => [extnID, extnValue]));
  if (values.size !== extensions.length) refuse('CERTIFICATE_MALFORMED');
  return {
    basicConstraints: readBasicConstraints(values.get(id_ce_basicConstraints)),
    keyUsage: parse(values.get(id_ce_keyUsage), KeyUsage)?.toJSON(),
    purposes: arrayOf(parse(values.get(id_ce_extKeyUsage), ExtendedKeyUsage)),
    alternativeNames: readAlternativeNames(values.get(id_ce_subjectAltName)),
    nameConstraints: readNameConstraints(values.get(id_ce_nameConstraints)),
    hasUnknownCritical: extensions.some(({ extnID, critical }) => critical && !KNOWN.has(extnID)),
  };
}

/** Reads a structure; refuses bytes that its one DER encoding is not. */
export function parseDer<T>(bytes: Uint8Array, type: new () => T): T {
  const parsed = AsnConvert.parse(bytes, type);
  // The parser is lenient: what it passes over or reads in BER shows here.
  if (!Buffer.from(AsnConvert.serialize(parsed)).equals(bytes)) refuse('CERTIFICATE_MALFORMED');
  return parsed;
}

function parse<T>(value: OctetString | undefined, type: new () => T): T | undefined {
  return value === undefined ? undefined : parseDer(new Uint8Array(value.buffer), type);
}

function arrayOf<T>(items: Iterable<T> | undefined): readonly T[] | undefined {
  return items === undefined ? undefined : Array.from(items);
}

function readBasicConstraints(value: OctetString | undefined): CertificateExtensions['basicConstraints'] {
  const constraints = parse(value, BasicConstraints);
  if (constraints === undefined) return undefined;
  const { cA: isCa, pathLenConstraint: pathLength } = constraints;
  if (pathLength !== undefined && (!isCa || pathLength < 0)) refuse('CERTIFICATE_MALFORMED');
  return { isCa, pathLength };
}

function readAlternativeNames(value: OctetString | undefined): readonly GeneralName[] {
  const names = arrayOf(parse(value, SubjectAlternativeName)) ?? [];
  if (names.length > MAX_NAMES) refuse('CERTIFICATE_MALFORMED');
  return names.map(readGeneralName);
}

function readNameConstraints(value: OctetString | undefined): NameConstraints | undefined {
  const constraints = parse(value, AsnNameConstraints);
  if (constraints === undefined) return undefined;
  const permitted = readSubtrees(constraints.permittedSubtrees);
  const excluded = readSubtrees(constraints.excludedSubtrees);
  if (permitted.length + excluded.length > MAX_NAMES) refuse('CERTIFICATE_MALFORMED');
  return { permitted, excluded };
}

function readSubtrees(subtrees: Iterable<GeneralSubtree> | undefined): readonly GeneralName[] {
  return Array.from(subtrees ?? [], ({ base, minimum, maximum }) => {
    // §4.2.1.10: these fields are not used.
    if (minimum !== 0 || maximum !== undefined) refuse('CERTIFICATE_MALFORMED');
    return readGeneralName(base);
  });
}
