/**
 * The CAs that an operator configured: those that are trusted, and those that are only known (RFC 9420 §5.3).
 *
 * @module
 */
import { IdentityError } from '../errors.ts';
import { readCertificate, type X509Certificate } from './certificate.ts';
import { Refused } from './refusal.ts';

/** CAs by the comparable form of their names. */
export interface TrustStore {
  anchorsNamed(name: string): readonly X509Certificate[];
  intermediatesNamed(name: string): readonly X509Certificate[];
}

/** What an operator configures, each certificate as DER. */
export interface TrustedCertificates {
  /** The CAs at which a path may start. */
  readonly anchors: readonly Uint8Array[];
  /** CAs that chains may leave out (RFC 9420 §5.3); they are not trusted for being here. */
  readonly intermediates?: readonly Uint8Array[];
}

/** Reads the configured CAs. @throws IdentityError INVALID_CERTIFICATE for one that is malformed or no CA */
export function createTrustStore({ anchors, intermediates = [] }: TrustedCertificates): TrustStore {
  const [trusted, known] = [bySubject(anchors, 'anchor'), bySubject(intermediates, 'intermediate')];
  if (trusted.size === 0) throw new IdentityError('INVALID_CERTIFICATE', 'at least one anchor expected');
  return {
    anchorsNamed: (name) => trusted.get(name) ?? [],
    intermediatesNamed: (name) => known.get(name) ?? [],
  };
}

function bySubject(ders: readonly Uint8Array[], what: string): ReadonlyMap<string, X509Certificate[]> {
  return Map.groupBy(
    ders.map((der, index) => readCa(der, `${what} ${index}`)),
    ({ subject }) => subject.key,
  );
}

function readCa(der: Uint8Array, what: string): X509Certificate {
  const certificate = readOrExplain(der, what);
  if (certificate.extensions.basicConstraints?.isCa !== true) {
    throw new IdentityError('INVALID_CERTIFICATE', `${what}: a CA expected`);
  }
  return certificate;
}

function readOrExplain(der: Uint8Array, what: string): X509Certificate {
  try {
    return readCertificate(der);
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    throw new IdentityError('INVALID_CERTIFICATE', `${what}: ${cause.reason}`, { cause });
  }
}
