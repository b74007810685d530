/**
 * The Authentication Service's signed statement that a signature key belongs to a device (RFC 9420 §5.3.1; RFC 7519).
 *
 * It travels in an extension of the device's leaf, so that whoever joins a group can check everybody without a server.
 *
 * @module
 */
import { getCipherSuite, isSupportedCipherSuite } from '@canopy/crypto';
import type { Extension } from '@canopy/mls';
import { base64url, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { parseDeviceUri, userOfDevice } from './device-uri.ts';
import { IdentityError } from './errors.ts';
import type { AttestationKeys } from './jwks.ts';
import { verifyStatement, type StatementFault } from './signed-statement.ts';

/** The type of the leaf extension that carries an attestation, from the private range (RFC 9420 §17.3). */
export const ATTESTATION_EXTENSION_TYPE = 0xf0ca;

/** The longest attestation that is looked at, in characters. */
export const MAX_ATTESTATION_LENGTH = 4_096;

const TYPE = 'canopy-attestation+jwt';
const REQUIRED_CLAIMS = ['sub', 'iat', 'exp'];

/** What an attestation states. */
export interface Attestation {
  readonly domain: string;
  /** The device's URI. */
  readonly device: string;
  /** The URI of the device's user. */
  readonly user: string;
  /** The cipher suite whose signature scheme the key belongs to (RFC 9420 §17.1). */
  readonly cipherSuite: number;
  readonly signatureKey: Uint8Array;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** What an attestation is made from; times are cut down to whole seconds. */
export type AttestationClaims = Omit<Attestation, 'domain' | 'user'>;

/** A key of the Authentication Service, by its name. */
export interface AttestationSigner {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** Why an attestation is not believed. */
export type AttestationRefusal = `ATTESTATION_${StatementFault}`;

/** An attestation that holds, with the name of the key that signed it; or why it does not. */
export type AttestationVerdict =
  | { readonly valid: true; readonly kid: string; readonly attestation: Attestation }
  | { readonly valid: false; readonly reason: AttestationRefusal };

/** What an attestation is checked against. */
export interface AttestationCheck {
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly nowMs: number;
}

/** Signs an attestation. @throws IdentityError INVALID_DEVICE_URI, INVALID_ATTESTATION_CLAIMS */
export async function signAttestation(claims: AttestationClaims, signer: AttestationSigner): Promise<string> {
  const { device, cipherSuite, signatureKey } = claims;
  if (!fitsScheme(cipherSuite, signatureKey)) {
    throw new IdentityError('INVALID_ATTESTATION_CLAIMS', 'a key of the suite’s signature scheme expected');
  }
  const payload = {
    user: userOfDevice(device),
    cipher_suite: cipherSuite,
    key: base64url.encode(signatureKey),
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: signer.kid })
    .setIssuer(parseDeviceUri(device).domain)
    .setSubject(device)
    .setIssuedAt(toSeconds(claims.issuedAtMs))
    .setExpirationTime(toSeconds(claims.expiresAtMs))
    .sign(signer.privateKey);
}

/** Checks an attestation; what the source of the keys throws is passed on. */
export async function verifyAttestation(jwt: string, check: AttestationCheck): Promise<AttestationVerdict> {
  const limits = { type: TYPE, maxLength: MAX_ATTESTATION_LENGTH, requiredClaims: REQUIRED_CLAIMS };
  const statement = await verifyStatement(jwt, { ...check, ...limits });
  if (!statement.valid) return { valid: false, reason: `ATTESTATION_${statement.fault}` };
  const attestation = attestationFrom(statement.payload, check.domain);
  if (attestation === undefined) return { valid: false, reason: 'ATTESTATION_CLAIM_INVALID' };
  return { valid: true, kid: statement.kid, attestation };
}

/** Puts an attestation into a leaf extension; the leaf's capabilities must list `ATTESTATION_EXTENSION_TYPE`. */
export function attestationExtension(jwt: string): Extension {
  return { extensionType: ATTESTATION_EXTENSION_TYPE, extensionData: new TextEncoder().encode(jwt) };
}

/** Finds the attestation among the extensions of a leaf, unchecked; undefined when there is none. */
export function attestationOf(extensions: readonly Extension[]): string | undefined {
  const found = extensions.find(({ extensionType }) => extensionType === ATTESTATION_EXTENSION_TYPE);
  if (found === undefined) return undefined;
  // One character more than is allowed is enough for the check to see that it is too long.
  return Buffer.from(found.extensionData.subarray(0, MAX_ATTESTATION_LENGTH + 1)).toString('latin1');
}

/** Tells whether a key has the form that the signature scheme of a cipher suite asks for (RFC 9420 §5.1.1). */
function fitsScheme(cipherSuite: number, signatureKey: Uint8Array): boolean {
  return (
    isSupportedCipherSuite(cipherSuite) &&
    // The sizes of all schemes differ; the points themselves are looked at where signatures are verified.
    getCipherSuite(cipherSuite).signature.publicKeySize === signatureKey.length
  );
}

function attestationFrom(payload: JWTPayload, domain: string): Attestation | undefined {
  const { sub: device, user, cipher_suite: cipherSuite, key, iat, exp } = payload;
  if (typeof device !== 'string' || typeof cipherSuite !== 'number' || typeof key !== 'string')
    return undefined;
  if (typeof iat !== 'number' || typeof exp !== 'number' || !namesUser(device, user, domain))
    return undefined;
  const signatureKey = readKey(key);
  if (signatureKey === undefined || !fitsScheme(cipherSuite, signatureKey)) return undefined;
  const times = { issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
  return { domain, device, user, cipherSuite, signatureKey, ...times };
}

function namesUser(device: string, user: unknown, domain: string): user is string {
  try {
    return parseDeviceUri(device).domain === domain && userOfDevice(device) === user;
  } catch (error) {
    if (error instanceof IdentityError) return false;
    throw error;
  }
}

function readKey(key: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.from(key, 'base64url'));
  return base64url.encode(bytes) === key ? bytes : undefined;
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
