/**
 * Stands for the authentication service: signs access tokens and attestations.
 *
 * @module
 */
import {
  nameOfSignatureKey,
  signAttestation,
  signRevocationList,
  type RevocationClaims,
} from '@canopy/identity';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const DOMAIN = 'example.com';
const YEAR = 365n * 86_400n;

/** The name of a device of a user. */
export function deviceOf(user: string, id = 'device01'): string {
  return `mimi://${DOMAIN}/d/${user}/${id}`;
}

/** What a token differs in from a good one. */
export interface TokenClaims {
  readonly audience?: string;
  readonly expiresAtMs?: number;
  readonly issuer?: string;
  /** The device's key that the token is made for; none by default. */
  readonly signatureKey?: Uint8Array;
}

export interface AttestOptions {
  readonly cipherSuite: number;
  readonly nowMs: number;
  readonly lifetimeMs?: number;
}

export interface Authority {
  readonly jwksJson: string;
  token(device: string, nowMs: number, claims?: TokenClaims): Promise<string>;
  attest(device: string, signatureKey: Uint8Array, options: AttestOptions): Promise<string>;
  /** Signs a revocation list, empty where nothing is said, good for a year. */
  list(number: number, nowMs: number, claims?: Partial<RevocationClaims>): Promise<string>;
}

/** Makes an authority with a fresh key of a name. */
export async function createAuthority(kid = 'current'): Promise<Authority> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwksJson = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] });
  return {
    jwksJson,
    token: (
      device,
      nowMs,
      { audience = 'canopy-directory', expiresAtMs, issuer = DOMAIN, signatureKey } = {},
    ) =>
      new SignJWT({
        user: device.replace('/d/', '/u/').replace(/\/\w+$/, ''),
        ...(signatureKey !== undefined && { cnf: { kid: nameOfSignatureKey(signatureKey) } }),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
        .setSubject(device)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti('one')
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor((expiresAtMs ?? nowMs + 600_000) / 1000))
        .sign(privateKey),
    attest: (device, signatureKey, { cipherSuite, nowMs, lifetimeMs = 86_400_000 }) =>
      signAttestation(
        { device, cipherSuite, signatureKey, issuedAtMs: nowMs, expiresAtMs: nowMs + lifetimeMs },
        { kid, privateKey },
      ),
    list: (number, nowMs, claims = {}) => {
      const issuedAt = BigInt(Math.floor(nowMs / 1000));
      const times = { issuedAt, nextUpdate: issuedAt + YEAR };
      const empty = { domain: DOMAIN, number, ...times, certificates: [], devices: [] };
      return signRevocationList({ ...empty, ...claims }, { kid, privateKey });
    },
  };
}
