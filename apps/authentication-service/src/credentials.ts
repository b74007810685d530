/**
 * The credentials that a device gets: an attestation for `basic`, a chain for `x509` (RFC 9420 §5.3).
 *
 * @module
 */
import { authentication, FieldError } from '@canopy/contract';
import { makeSerialNumber, signAttestation } from '@canopy/identity';
import type { EnrolledDevice } from '@canopy/storage';
import type { Parts } from './parts.ts';

const { CredentialType } = authentication;

/** Which credentials are wanted. */
export interface WantedCredentials {
  readonly basic: boolean;
  readonly x509: boolean;
  /** What a certificate will be called. */
  readonly serialNumber: string;
}

/** Since when credentials hold, and which. */
export interface Issuance {
  readonly wanted: WantedCredentials;
  readonly issuedAtMs: number;
}

const MAX_TYPES = 2;
/** Clocks differ: a certificate is good for somebody whose clock is late. */
const BACKDATED_SECONDS = 300n;

/** Requires types of credentials; without any a basic one is wanted. @throws {FieldError} */
export function requireCredentialTypes(
  types: readonly authentication.CredentialType[],
  field: string,
): WantedCredentials {
  if (types.length > MAX_TYPES) throw new FieldError(field, `must be at most ${MAX_TYPES}`);
  for (const [index, type] of types.entries()) {
    if (type === CredentialType.UNSPECIFIED) throw new FieldError(`${field}[${index}]`, 'must be a type');
    if (types.indexOf(type) !== index) throw new FieldError(`${field}[${index}]`, 'must not be named twice');
  }
  const basic = types.length === 0 || types.includes(CredentialType.BASIC);
  return { basic, x509: types.includes(CredentialType.X509), serialNumber: makeSerialNumber() };
}

/** Says whether the service can issue what is wanted. */
export function canIssue({ x509 }: WantedCredentials, { authority, clock }: Parts): boolean {
  return !x509 || (authority !== undefined && clock.now() < authority.endsAtMs);
}

/** Says what the audit log has to keep about credentials. */
export function describeCredentials({ basic, x509, serialNumber }: WantedCredentials): {
  readonly credentials: readonly string[];
  readonly serialNumber?: string;
} {
  const credentials = [...(basic ? ['basic'] : []), ...(x509 ? ['x509'] : [])];
  return x509 ? { credentials, serialNumber } : { credentials };
}

/** Issues the credentials of a device's current key. */
export async function issueCredentials(
  known: EnrolledDevice,
  issuance: Issuance,
  parts: Parts,
): Promise<authentication.EnrolledDevice> {
  const { wanted } = issuance;
  const { device, user } = known;
  return {
    device,
    user,
    ...(wanted.basic ? await attest(known, issuance, parts) : NO_ATTESTATION),
    ...(wanted.x509 ? certify(known, issuance, parts) : NO_CHAIN),
  };
}

type AttestationPart = Pick<authentication.EnrolledDevice, 'attestation' | 'attestationExpiresAtUnixMs'>;
type ChainPart = Pick<authentication.EnrolledDevice, 'x509Chain' | 'x509ExpiresAtUnixMs'>;

const NO_ATTESTATION: AttestationPart = { attestation: '', attestationExpiresAtUnixMs: 0n };
const NO_CHAIN: ChainPart = { x509Chain: [], x509ExpiresAtUnixMs: 0n };

async function attest(
  { device, cipherSuite, signaturePublicKey: signatureKey }: EnrolledDevice,
  { issuedAtMs }: Issuance,
  { config, keys }: Parts,
): Promise<AttestationPart> {
  const expiresAtMs = Math.floor((issuedAtMs + config.attestationLifetime) / 1000) * 1000;
  const claims = { device, cipherSuite, signatureKey, issuedAtMs, expiresAtMs };
  const attestation = await signAttestation(claims, await keys.signer());
  return { attestation, attestationExpiresAtUnixMs: BigInt(expiresAtMs) };
}

function certify(
  { device, cipherSuite, signaturePublicKey: signatureKey }: EnrolledDevice,
  { issuedAtMs, wanted: { serialNumber } }: Issuance,
  { config, authority }: Parts,
): ChainPart {
  if (authority === undefined) throw new TypeError('there is no CA: canIssue was to be asked before');
  const issuedAt = BigInt(Math.floor(issuedAtMs / 1000));
  const { chain, expiresAtMs } = authority.certify({
    device,
    cipherSuite,
    signatureKey,
    notBefore: issuedAt - BACKDATED_SECONDS,
    notAfter: issuedAt + BigInt(Math.floor(config.x509Lifetime / 1000)),
    serialNumber,
  });
  return { x509Chain: [...chain], x509ExpiresAtUnixMs: BigInt(expiresAtMs) };
}
