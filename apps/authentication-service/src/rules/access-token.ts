/**
 * Access tokens: short-lived JWTs, each for one service (RFC 9068), that names the key it was got with (RFC 7800).
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { ACCESS_TOKEN_TYPE, type Audience } from '@canopy/contract';
import { nameOfSignatureKey, parseDeviceUri, userOfDevice } from '@canopy/identity';
import { SignJWT } from 'jose';
import type { Signer } from '../signing-keys.ts';

/** What a token states. */
export interface AccessTokenClaims {
  readonly device: string;
  /** The key that it was got with. */
  readonly signatureKey: Uint8Array;
  readonly audience: Audience;
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

/** A signed token, and when it ends. */
export interface SignedAccessToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Signs an access token of a device for one service; times are whole seconds. */
export async function signAccessToken(
  claims: AccessTokenClaims,
  { kid, privateKey }: Signer,
): Promise<SignedAccessToken> {
  const { device, signatureKey, audience, nowMs, lifetimeMs } = claims;
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = issuedAt + Math.floor(lifetimeMs / 1000);
  const token = await new SignJWT({
    user: userOfDevice(device),
    cnf: { kid: nameOfSignatureKey(signatureKey) },
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: ACCESS_TOKEN_TYPE, kid })
    .setIssuer(parseDeviceUri(device).domain)
    .setSubject(device)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(randomUUID())
    .sign(privateKey);
  return { token, expiresAtMs: expiresAt * 1000 };
}
