/**
 * Stands for the authentication service: signs access tokens and attestations.
 *
 * @module
 */
import { signAttestation } from '@canopy/identity';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const DOMAIN = 'example.com';

/** The name of a device of a user. */
export function deviceOf(user: string, id = 'device01'): string {
  return `mimi://${DOMAIN}/d/${user}/${id}`;
}

/** What a token differs in from a good one. */
export interface TokenClaims {
  readonly audience?: string;
  readonly expiresAtMs?: number;
  readonly issuer?: string;
}

export interface AttestOptions {
  readonly cipherSuite: number;
  readonly nowMs: number;
}

export interface Authority {
  readonly jwksJson: string;
  token(device: string, nowMs: number, claims?: TokenClaims): Promise<string>;
  attest(device: string, signatureKey: Uint8Array, options: AttestOptions): Promise<string>;
}

/** Makes an authority with a fresh key. */
export async function createAuthority(): Promise<Authority> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwksJson = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'current' }] });
  return {
    jwksJson,
    token: (device, nowMs, { audience = 'canopy-directory', expiresAtMs, issuer = DOMAIN } = {}) =>
      new SignJWT({ user: device.replace('/d/', '/u/').replace(/\/\w+$/, '') })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'current' })
        .setSubject(device)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti('one')
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor((expiresAtMs ?? nowMs + 600_000) / 1000))
        .sign(privateKey),
    attest: (device, signatureKey, { cipherSuite, nowMs }) =>
      signAttestation(
        { device, cipherSuite, signatureKey, issuedAtMs: nowMs, expiresAtMs: nowMs + 86_400_000 },
        { kid: 'current', privateKey },
      ),
  };
}
