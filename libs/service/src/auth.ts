/**
 * Checks bearer access tokens (RFC 6750, RFC 9068).
 *
 * @module
 */
import { ACCESS_TOKEN_TYPE, type Audience } from '@canopy/contract';
import type { Metadata } from '@grpc/grpc-js';
import { errors, jwtVerify, type CryptoKey, type JWTHeaderParameters, type JWTPayload } from 'jose';
import type { Authenticate } from './call-context.ts';
import { systemClock, type Clock } from './clock.ts';
import { ServiceError, unauthenticated } from './errors.ts';
import type { KeySource } from './key-source.ts';
import { VerifiedTokens, type Verified } from './verified-tokens.ts';

/** Who calls, as the authentication service stated it. */
export interface Caller {
  /** The device's URI. */
  readonly device: string;
  /** The URI of the device's user. */
  readonly user: string;
  /** The name of the signature key that the statement was made for (`kid` of `cnf`, RFC 7800), where it names one. */
  readonly key?: string;
  /** When the statement ends: a stream must not outlive it unnoticed. */
  readonly expiresAtUnixMs: number;
}

/** Checks one access token. @throws {ServiceError} UNAUTHENTICATED with a reason, UNAVAILABLE when there are no keys. */
export type TokenVerifier = (token: string) => Promise<Caller>;

/** What tokens have to fit. */
export interface TokenVerifierOptions {
  readonly audience: Audience;
  /** The domain. */
  readonly issuer: string;
  readonly keys: KeySource;
  readonly clock?: Clock;
}

const MAX_TOKEN_LENGTH = 4_096;
/** Some 3 MB; with more devices at a time on one replica some tokens are verified again. */
const REMEMBERED_TOKENS = 10_000;
const BEARER = /^bearer +(\S+)$/i;

/** Makes a verifier for the access tokens of one audience. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const verified = new VerifiedTokens<CryptoKey, Caller>(REMEMBERED_TOKENS);
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) {
      throw unauthenticated('TOKEN_MALFORMED');
    }
    const known = verified.find(token);
    if (known !== undefined && clock.now() < known.who.expiresAtUnixMs) {
      // A key that was withdrawn meanwhile takes its tokens along.
      if ((await options.keys.findKey(known.kid)) === known.key) {
        return known.who;
      }
    }
    const fresh = await verifyToken(token, options, clock);
    verified.keep(token, fresh);
    return fresh.who;
  };
}

async function verifyToken(
  token: string,
  { audience, issuer, keys }: TokenVerifierOptions,
  clock: Clock,
): Promise<Verified<CryptoKey, Caller>> {
  const verifyOptions = {
    algorithms: ['EdDSA'],
    typ: ACCESS_TOKEN_TYPE,
    audience,
    issuer,
    currentDate: new Date(clock.now()),
    requiredClaims: ['sub', 'exp', 'iat', 'jti'],
  };
  try {
    const getKey = (header: JWTHeaderParameters): Promise<CryptoKey> => findKey(keys, header);
    const { payload, key, protectedHeader } = await jwtVerify(token, getKey, verifyOptions);
    return { kid: protectedHeader.kid ?? '', key, who: callerOf(payload) };
  } catch (error) {
    throw error instanceof ServiceError ? error : unauthenticated(reasonOf(error), { cause: error });
  }
}

/** Authenticates calls by the bearer token in their `authorization` metadata. */
export function bearer(verify: TokenVerifier): Authenticate<Caller> {
  return async (metadata) => verify(tokenOf(metadata));
}

function tokenOf(metadata: Metadata): string {
  const values = metadata.get('authorization');
  if (values.length === 0) {
    throw unauthenticated('TOKEN_MISSING');
  }
  const token = values.length === 1 ? BEARER.exec(String(values[0]))?.[1] : undefined;
  if (token === undefined) {
    throw unauthenticated('TOKEN_MALFORMED');
  }
  return token;
}

async function findKey(keys: KeySource, header: JWTHeaderParameters): Promise<CryptoKey> {
  const key = header.kid === undefined ? undefined : await keys.findKey(header.kid);
  if (key === undefined) {
    throw unauthenticated('TOKEN_UNKNOWN_KEY');
  }
  return key;
}

function callerOf(payload: JWTPayload): Caller {
  const { sub, exp, user } = payload;
  if (typeof sub !== 'string' || typeof user !== 'string' || exp === undefined || sub === '' || user === '') {
    throw unauthenticated('TOKEN_CLAIM_INVALID');
  }
  const key = confirmedKeyOf(payload['cnf']);
  return { device: sub, user, ...(key !== undefined && { key }), expiresAtUnixMs: exp * 1000 };
}

/** One that cannot be read is refused: a revocation of its key would pass it over. */
function confirmedKeyOf(confirmation: unknown): string | undefined {
  if (confirmation === undefined) return undefined;
  const isNamed = typeof confirmation === 'object' && confirmation !== null && 'kid' in confirmation;
  if (!isNamed || typeof confirmation.kid !== 'string') throw unauthenticated('TOKEN_CLAIM_INVALID');
  return confirmation.kid;
}

const CLAIM_REASONS: ReadonlyMap<string, string> = new Map([
  ['aud', 'TOKEN_WRONG_AUDIENCE'],
  ['iss', 'TOKEN_WRONG_ISSUER'],
  ['typ', 'TOKEN_WRONG_TYPE'],
  ['nbf', 'TOKEN_NOT_YET_VALID'],
]);

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) {
    return 'TOKEN_EXPIRED';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return CLAIM_REASONS.get(error.claim) ?? 'TOKEN_CLAIM_INVALID';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'TOKEN_BAD_SIGNATURE';
  }
  return error instanceof errors.JOSEAlgNotAllowed ? 'TOKEN_WRONG_ALGORITHM' : 'TOKEN_MALFORMED';
}
