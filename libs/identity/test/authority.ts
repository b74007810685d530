/**
 * A toy Authentication Service: one key, and attestations signed with it.
 *
 * @module
 */
import { getCipherSuite } from '@canopy/crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { parseJwks, signAttestation, type AttestationKeys } from '../src/index.ts';

export const NOW = 1_800_000_000_000;
export const DOMAIN = 'example.com';
export const DEVICE = 'mimi://example.com/d/alice/a1b2c3d4';
export const USER = 'mimi://example.com/u/alice';

/** A key that signs, and the key set that says so. */
export interface Authority {
  readonly privateKey: CryptoKey;
  readonly kid: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly keys: AttestationKeys;
}

export async function createAuthority(kid = 'current'): Promise<Authority> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA');
  const jwk = { ...(await exportJWK(publicKey)), kid };
  return { privateKey, kid, jwk, keys: await parseJwks(JSON.stringify({ keys: [jwk] })) };
}

export function attest(
  authority: Authority,
  signatureKey: Uint8Array,
  options: { readonly device?: string; readonly lifetimeMs?: number; readonly cipherSuite?: number } = {},
): Promise<string> {
  const { device = DEVICE, lifetimeMs = 3_600_000, cipherSuite = 1 } = options;
  const claims = { device, cipherSuite, signatureKey, issuedAtMs: NOW, expiresAtMs: NOW + lifetimeMs };
  return signAttestation(claims, authority);
}

export function newKey(cipherSuite = 1): Uint8Array {
  return getCipherSuite(cipherSuite).signature.generateKeyPair().publicKey;
}

/** Signs whatever claims and header a test makes up. */
export function forge(authority: Authority, claims: object, header: object = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'canopy-attestation+jwt', kid: authority.kid, ...header })
    .sign(authority.privateKey);
}

export function goodClaims(signatureKey: Uint8Array): JWTPayload {
  return {
    iss: DOMAIN,
    sub: DEVICE,
    user: USER,
    cipher_suite: 1,
    key: Buffer.from(signatureKey).toString('base64url'),
    iat: NOW / 1000,
    exp: NOW / 1000 + 3_600,
  };
}
