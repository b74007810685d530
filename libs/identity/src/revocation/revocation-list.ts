/**
 * The operator's signed list of certificates and devices that are believed no longer (RFC 9420 §5.3.1, §16.10; RFC 7519).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import type { AttestationSigner } from '../attestation.ts';
import { isDomain, parseDeviceUri } from '../device-uri.ts';
import { IdentityError } from '../errors.ts';
import type { AttestationKeys } from '../jwks.ts';
import { verifyStatement, type StatementFault } from '../signed-statement.ts';
import { issuerKeyOf, plainSerial, type CertificateName } from './certificate-name.ts';

/** The longest list that is signed or looked at, in characters: 4 MiB, which is what a gRPC client takes, less some room. */
export const MAX_REVOCATION_LIST_LENGTH = 4_128_768;

const TYPE = 'canopy-revocations+jwt';
const REQUIRED_CLAIMS = ['iat', 'next_update', 'number'];
/** A list from so far in the future was not made yet; less is a matter of clocks. */
const CLOCK_SKEW_SECONDS = 300n;
const SERIAL = /^[0-9a-f]{1,64}$/;

/** What a list is made from. Times are seconds since 1970. */
export interface RevocationClaims {
  readonly domain: string;
  /** Grows from list to list, so that an old one cannot be put back. */
  readonly number: number;
  readonly issuedAt: bigint;
  /** When the next list is there at the latest; from then on this one is stale. */
  readonly nextUpdate: bigint;
  readonly certificates: readonly CertificateName[];
  /** URIs of devices, whatever credential they use. */
  readonly devices: readonly string[];
  /** Names of signature keys, see `nameOfSignatureKey`, that are believed no longer whoever has them; none by default. */
  readonly keys?: readonly string[];
}

/** A list that was signed by the operator. */
export interface RevocationList {
  readonly number: number;
  readonly issuedAt: bigint;
  readonly nextUpdate: bigint;
  /** URIs of the devices on the list. */
  readonly devices: ReadonlySet<string>;
  /** `issuer` is the comparable form of a distinguished name. */
  revokesCertificate(certificate: { readonly issuer: string; readonly serialNumber: string }): boolean;
  revokesDevice(device: string): boolean;
  /** Says whether a leaf's key is believed no longer, although its device is. */
  revokesKey(signatureKey: Uint8Array): boolean;
  /** The same for the name of a key, as access tokens have it. */
  revokesKeyNamed(name: string): boolean;
}

/** Why a list is not taken. */
export type RevocationListRefusal =
  `REVOCATION_LIST_${StatementFault | 'NOT_YET_VALID' | 'ROLLED_BACK' | 'NUMBER_REUSED'}`;

/** A list that holds, or why it does not. */
export type RevocationListVerdict =
  | { readonly valid: true; readonly list: RevocationList }
  | { readonly valid: false; readonly reason: RevocationListRefusal };

/** What a list is checked against. */
export interface RevocationListCheck {
  readonly domain: string;
  /** The operator's keys for such lists; they may be those of attestations. */
  readonly keys: AttestationKeys;
  /** Seconds since 1970. */
  readonly now: bigint;
}

/** Gives what a signature key is to be called in a revocation list: its SHA-256 in base64url. */
export function nameOfSignatureKey(signatureKey: Uint8Array): string {
  return createHash('sha256').update(signatureKey).digest('base64url');
}

/** Signs a list. @throws IdentityError INVALID_REVOCATION_CLAIMS, INVALID_DEVICE_URI */
export async function signRevocationList(
  claims: RevocationClaims,
  signer: AttestationSigner,
): Promise<string> {
  const payload = toPayload(claims);
  if (!isDomain(claims.domain) || listFrom(payload) === undefined) {
    throw new IdentityError(
      'INVALID_REVOCATION_CLAIMS',
      'a domain, a number and an end after the start expected',
    );
  }
  const jwt = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: signer.kid })
    .setIssuer(claims.domain)
    .sign(signer.privateKey);
  if (jwt.length <= MAX_REVOCATION_LIST_LENGTH) return jwt;
  throw new IdentityError(
    'INVALID_REVOCATION_CLAIMS',
    `at most ${MAX_REVOCATION_LIST_LENGTH} characters expected`,
  );
}

/** Checks a list by itself; whether it is stale, or older than another one, is not looked at here. */
export async function verifyRevocationList(
  jwt: string,
  { domain, keys, now }: RevocationListCheck,
): Promise<RevocationListVerdict> {
  const limits = { type: TYPE, maxLength: MAX_REVOCATION_LIST_LENGTH, requiredClaims: REQUIRED_CLAIMS };
  const statement = await verifyStatement(jwt, { domain, keys, nowMs: Number(now) * 1000, ...limits });
  if (!statement.valid) return refused(`REVOCATION_LIST_${statement.fault}`);
  const list = listFrom(statement.payload);
  if (list === undefined) return refused('REVOCATION_LIST_CLAIM_INVALID');
  if (list.issuedAt > now + CLOCK_SKEW_SECONDS) return refused('REVOCATION_LIST_NOT_YET_VALID');
  return { valid: true, list };
}

function refused(reason: RevocationListRefusal): RevocationListVerdict {
  return { valid: false, reason };
}

function toPayload(claims: RevocationClaims): JWTPayload {
  const byIssuer = Map.groupBy(claims.certificates, ({ issuer }) =>
    Buffer.from(issuer).toString('base64url'),
  );
  for (const device of claims.devices) parseDeviceUri(device);
  return {
    iat: Number(claims.issuedAt),
    next_update: Number(claims.nextUpdate),
    number: claims.number,
    certificates: Array.from(byIssuer, ([issuer, names]) => ({
      issuer,
      serials: names.map(({ serialNumber }) => plainSerial(serialNumber)),
    })),
    devices: [...claims.devices],
    ...(claims.keys !== undefined && { keys: [...claims.keys] }),
  };
}

function listFrom(payload: JWTPayload): RevocationList | undefined {
  const { iat, next_update: nextUpdate, number } = payload;
  const certificates = readCertificates(payload['certificates']);
  const devices = readTexts(payload['devices']);
  // A list of before had no such claim.
  const keys = readTexts(payload['keys'] ?? []);
  if (!isCount(iat) || !isCount(nextUpdate) || !isCount(number) || nextUpdate <= iat) return undefined;
  if (certificates === undefined || devices === undefined || keys === undefined) return undefined;
  return {
    number,
    issuedAt: BigInt(iat),
    nextUpdate: BigInt(nextUpdate),
    devices,
    revokesCertificate: ({ issuer, serialNumber }) =>
      certificates.get(issuer)?.has(plainSerial(serialNumber)) === true,
    revokesDevice: (device) => devices.has(device),
    revokesKey: (signatureKey) => keys.size > 0 && keys.has(nameOfSignatureKey(signatureKey)),
    revokesKeyNamed: (name) => keys.has(name),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readTexts(value: unknown): ReadonlySet<string> | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  const texts = items.filter((item) => typeof item === 'string');
  return texts.length === items.length ? new Set(texts) : undefined;
}

/** Gives the serial numbers by issuer; undefined when an entry is malformed, so that nothing is passed over. */
function readCertificates(value: unknown): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries: readonly unknown[] = value;
  const byIssuer = new Map<string, Set<string>>();
  for (const entry of entries) {
    const read = readEntry(entry);
    if (read === undefined) return undefined;
    // Two spellings of one name are one issuer.
    const known = byIssuer.get(read.issuer) ?? new Set();
    for (const serial of read.serials) known.add(serial);
    byIssuer.set(read.issuer, known);
  }
  return byIssuer;
}

function readEntry(
  entry: unknown,
): { readonly issuer: string; readonly serials: ReadonlySet<string> } | undefined {
  if (typeof entry !== 'object' || entry === null || !('issuer' in entry) || !('serials' in entry)) {
    return undefined;
  }
  const serials = readTexts(entry.serials);
  const issuer = typeof entry.issuer === 'string' ? issuerKeyOf(entry.issuer) : undefined;
  if (issuer === undefined || serials === undefined) return undefined;
  return Array.from(serials).every((serial) => SERIAL.test(serial)) ? { issuer, serials } : undefined;
}
