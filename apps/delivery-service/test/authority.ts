/**
 * Stands for the authentication service: signs access tokens, and serves the key that they are checked with.
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  serve,
  serverSettings,
  unary,
  type RunningService,
} from '@canopy/service';
import type { AttestationSigner } from '@canopy/identity';
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
  /** The name of the signature key that the token is made for. */
  readonly key?: string;
}

export interface Authority {
  readonly jwksJson: string;
  /** Signs attestations and revocation lists. */
  readonly signer: AttestationSigner;
  token(device: string, nowMs: number, claims?: TokenClaims): Promise<string>;
}

/** Makes an authority with a fresh key. */
export async function createAuthority(): Promise<Authority> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwksJson = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'current' }] });
  return {
    jwksJson,
    signer: { kid: 'current', privateKey },
    token: (device, nowMs, { audience = 'canopy-delivery', expiresAtMs, issuer = DOMAIN, key } = {}) =>
      new SignJWT({
        user: device.replace('/d/', '/u/').replace(/\/\w+$/, ''),
        ...(key === undefined ? {} : { cnf: { kid: key } }),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'current' })
        .setSubject(device)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti('one')
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor((expiresAtMs ?? nowMs + 600_000) / 1000))
        .sign(privateKey),
  };
}

/** A revocation list that is served, or none. */
export interface ServedList {
  list: authentication.SignedRevocationList | undefined;
}

/** Serves the keys and the revocation list of an authority on loopback, and nothing else. */
export async function serveKeys(
  { jwksJson }: Authority,
  revocations: ServedList = { list: undefined },
): Promise<RunningService> {
  const log = createLogger({ service: 'authority', level: 'silent' });
  const calls = { authenticate: anonymous, log };
  const refuse = unary(calls, () => Promise.reject(new Error('not part of this')));
  const service = bindService(authentication.AuthenticationServiceService, {
    beginEnrolment: refuse,
    completeEnrolment: refuse,
    beginAuthentication: refuse,
    createAccessTokens: refuse,
    renewCredential: refuse,
    rotateCredential: refuse,
    listDevices: refuse,
    revokeDevice: refuse,
    getRevocationList: unary(calls, () => {
      const { list } = revocations;
      const unchanged = { $case: 'unchanged', value: {} } as const;
      return Promise.resolve({ result: list === undefined ? unchanged : { $case: 'list', value: list } });
    }),
    getTrustAnchors: refuse,
    getJwks: unary(calls, () => Promise.resolve({ domain: DOMAIN, jwksJson })),
  });
  return serve({ name: 'authority', config: readConfig(serverSettings, {}), services: [service], log });
}
