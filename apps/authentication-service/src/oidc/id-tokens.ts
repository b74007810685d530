/**
 * ID tokens of the OpenID provider (OpenID Connect Core §2, §3.1.3.7).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { formatUserUri, isUserName } from '@canopy/identity';
import { unavailable, type Clock } from '@canopy/service';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { AuthenticationConfig } from '../config.ts';
import { ProviderAway, ProviderKeys } from './provider-keys.ts';

/** The longest ID token that is looked at, in characters. */
export const MAX_ID_TOKEN_LENGTH = 16_384;

/** What a good token says. */
export interface IdTokenClaims {
  /** The URI of the user here. */
  readonly user: string;
  /** Who that is there: issuer and subject. */
  readonly subject: string;
  /** See `idTokenNonce`. */
  readonly nonce: string;
  readonly expiresAtMs: number;
}

/** Why a token is not taken. */
export type IdTokenFault = 'invalid' | 'expired' | 'userNameInvalid';

/** A token that holds, or why it does not. */
export type IdTokenVerdict =
  | { readonly valid: true; readonly claims: IdTokenClaims }
  | { readonly valid: false; readonly fault: IdTokenFault; readonly cause: unknown };

/** Checks ID tokens. @throws ServiceError UNAVAILABLE when the provider cannot be asked now */
export interface IdTokens {
  verify(token: string): Promise<IdTokenVerdict>;
}

const TIMEOUT_MS = 5_000;
/** Signatures only: neither `none` nor an algorithm whose key the provider shares. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Header, payload and signature (RFC 7515 §7.1), with nothing that a lenient decoder passes over. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** A nonce that is made of a key: see `idTokenNonce`. */
const NONCE = /^[\w-]{43}$/;
const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_SUBJECT_LENGTH = 255;

/** Makes what checks ID tokens; undefined when there is no provider in the configuration. */
export function createIdTokens(config: AuthenticationConfig, clock: Clock): IdTokens | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcUserClaim: userClaim, oidcCa } = config;
  if (issuer === undefined || clientId === undefined) return undefined;
  const ca = oidcCa === undefined ? {} : { ca: readFileSync(oidcCa) };
  const keys = new ProviderKeys({ issuer, clock, timeoutMs: TIMEOUT_MS, ...ca });
  const accepted = { issuer, clientId, userClaim, domain: config.domain };
  return { verify: (token) => verify(token, { keys, clock, accepted }) };
}

/**
 * Names a token in the store: by what is signed, since one signature has many spellings and a provider may sign twice. What
 * is no token at all has a name of its own, which is the name of no token.
 */
export function hashIdToken(token: string): Uint8Array {
  const signed = COMPACT.test(token)
    ? `ID token ${token.slice(0, token.lastIndexOf('.'))}`
    : `no token ${token}`;
  return new Uint8Array(createHash('sha256').update(signed).digest());
}

interface Accepted {
  readonly issuer: string;
  readonly clientId: string;
  readonly userClaim: string;
  readonly domain: string;
}

interface Checks {
  readonly keys: ProviderKeys;
  readonly clock: Clock;
  readonly accepted: Accepted;
}

async function verify(token: string, { keys, clock, accepted }: Checks): Promise<IdTokenVerdict> {
  if (!COMPACT.test(token)) return refused('invalid', 'the token is none');
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
      algorithms: ALGORITHMS,
      issuer: accepted.issuer,
      audience: accepted.clientId,
      currentDate: new Date(clock.now()),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'iat', 'exp', 'nonce'],
    });
    // An access token of the same provider is signed by the same key, and says so here (RFC 9068).
    const isIdToken = protectedHeader.typ === undefined || protectedHeader.typ.toUpperCase() === 'JWT';
    return isIdToken ? readClaims(payload, accepted) : refused('invalid', 'the token is of another type');
  } catch (error) {
    if (error instanceof ProviderAway) throw unavailable(error, error.retryAfterMs);
    if (error instanceof errors.JWTExpired) return refused('expired', error);
    if (error instanceof errors.JOSEError) return refused('invalid', error);
    throw error;
  }
}

function readClaims(payload: JWTPayload, accepted: Accepted): IdTokenVerdict {
  const { sub, exp, nonce } = payload;
  const hasForm = typeof sub === 'string' && sub.length > 0 && sub.length <= MAX_SUBJECT_LENGTH;
  if (!hasForm || exp === undefined || typeof nonce !== 'string' || !NONCE.test(nonce)) {
    return refused('invalid', 'subject and a nonce of a key expected');
  }
  if (!isAuthorized(payload, accepted.clientId)) return refused('invalid', 'made for another client');
  const name = payload[accepted.userClaim];
  if (typeof name !== 'string' || !isUserName(name)) return refused('userNameInvalid', 'no name of a user');
  const user = formatUserUri({ domain: accepted.domain, name });
  const subject = JSON.stringify([accepted.issuer, sub]);
  return { valid: true, claims: { user, subject, nonce, expiresAtMs: exp * 1000 } };
}

/** Core §3.1.3.7: with several audiences, or where it is named, the authorized party has to be this service. */
function isAuthorized({ aud, azp }: JWTPayload, clientId: string): boolean {
  return azp === undefined ? !Array.isArray(aud) || aud.length === 1 : azp === clientId;
}

function refused(fault: IdTokenFault, cause: unknown): IdTokenVerdict {
  return { valid: false, fault, cause };
}
