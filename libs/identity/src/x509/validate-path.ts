/**
 * When a path is valid, a function a check (RFC 5280 §6.1, without policies; the anchor's own limits count too, RFC 5937).
 *
 * @module
 */
import type { X509Certificate } from './certificate.ts';
import type { NameConstraints } from './extensions.ts';
import type { CertificatePath } from './find-paths.ts';
import { validateNames } from './name-constraints.ts';
import { refuse } from './refusal.ts';

/** What a path is judged by. */
export interface PathContext {
  /** Seconds since 1970. */
  readonly now: bigint;
  isRevoked(certificate: X509Certificate): boolean;
}

/** The purpose of a certificate that speaks for an instant messaging URI (RFC 9734). */
export const INSTANT_MESSAGING = '1.3.6.1.5.5.7.3.40';
/** Any purpose at all (RFC 5280 §4.2.1.12). */
const ANY_PURPOSE = '2.5.29.37.0';

/** Requires that a certificate may stand at the end of a path: it signs messages, not certificates. */
export function validateEndEntity({ extensions }: X509Certificate): void {
  if (extensions.basicConstraints?.isCa === true) refuse('END_ENTITY_IS_A_CA');
  if (extensions.keyUsage?.includes('digitalSignature') !== true) refuse('END_ENTITY_MAY_NOT_SIGN');
}

/** Requires that a path holds; who signed whom was checked when it was found. @throws Refused */
export function validatePath(path: CertificatePath, context: PathContext): void {
  const [endEntity, ...issuers] = path;
  const downwards = issuers.toReversed();
  const constraints: NameConstraints[] = [];
  let room = Infinity;
  for (const [depth, ca] of downwards.entries()) {
    const isSelfIssued = ca.subject.key === ca.issuer.key;
    validateCertificate(ca, context);
    // §6.1.3 (b): a CA that only renewed its key is not below itself. The anchor is below nobody.
    if (!isSelfIssued) validateNames(ca, constraints);
    validateIssuer(ca);
    room = roomBelow(ca, depth === 0 || isSelfIssued ? room : room - 1);
    if (ca.extensions.nameConstraints !== undefined) constraints.push(ca.extensions.nameConstraints);
  }
  validateCertificate(endEntity, context);
  validateNames(endEntity, constraints);
}

/** How many more CAs there may be below this one (§6.1.4 (l), (m)). */
function roomBelow({ extensions }: X509Certificate, room: number): number {
  if (room < 0) refuse('PATH_TOO_LONG');
  return Math.min(room, extensions.basicConstraints?.pathLength ?? Infinity);
}

function validateCertificate(certificate: X509Certificate, context: PathContext): void {
  if (context.now < certificate.notBefore) refuse('CERTIFICATE_NOT_YET_VALID');
  if (context.now > certificate.notAfter) refuse('CERTIFICATE_EXPIRED');
  if (certificate.extensions.hasUnknownCritical) refuse('CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION');
  validatePurpose(certificate);
  if (context.isRevoked(certificate)) refuse('CERTIFICATE_REVOKED');
}

/** A certificate that names purposes has to name this one, a CA too: it says what is below it. */
function validatePurpose({ extensions: { purposes } }: X509Certificate): void {
  if (purposes === undefined) return;
  const fits = purposes.includes(INSTANT_MESSAGING) || purposes.includes(ANY_PURPOSE);
  if (!fits) refuse('CERTIFICATE_WRONG_PURPOSE');
}

function validateIssuer({ extensions }: X509Certificate): void {
  if (extensions.basicConstraints?.isCa !== true) refuse('ISSUER_NOT_A_CA');
  if (extensions.keyUsage?.includes('keyCertSign') !== true) refuse('ISSUER_MAY_NOT_SIGN_CERTIFICATES');
}
