/**
 * Statements of the operator: JWTs signed with EdDSA by a key of a key set (RFC 7515, RFC 7519).
 *
 * @module
 */
import { errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { AttestationKeys } from './jwks.ts';

/** Why a statement is not believed, whatever it is about. */
export type StatementFault =
  | 'TOO_LONG'
  | 'MALFORMED'
  | 'WRONG_ALGORITHM'
  | 'WRONG_TYPE'
  | 'UNKNOWN_KEY'
  | 'BAD_SIGNATURE'
  | 'WRONG_DOMAIN'
  | 'EXPIRED'
  | 'CLAIM_INVALID';

/** What a statement is checked against. */
export interface StatementCheck {
  /** The header's `typ`, so that no statement passes for one of another kind. */
  readonly type: string;
  /** The domain that it is made for: its `iss`. */
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly nowMs: number;
  readonly maxLength: number;
  readonly requiredClaims: readonly string[];
}

/** A statement whose signature holds, with the name of the key; or why it does not. */
export type VerifiedStatement =
  | { readonly valid: true; readonly kid: string; readonly payload: JWTPayload }
  | { readonly valid: false; readonly fault: StatementFault };

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Checks form, header, signature and registered claims; what the source of the keys throws is passed on. */
export async function verifyStatement(jwt: string, check: StatementCheck): Promise<VerifiedStatement> {
  if (jwt.length > check.maxLength) return { valid: false, fault: 'TOO_LONG' };
  if (!COMPACT.test(jwt)) return { valid: false, fault: 'MALFORMED' };
  try {
    const findKey = ({ kid }: { kid?: string }) => keyNamed(check.keys, kid);
    const { payload, protectedHeader } = await jwtVerify(jwt, findKey, optionsOf(check));
    return { valid: true, kid: protectedHeader.kid ?? '', payload };
  } catch (error) {
    if (error instanceof UnknownKey) return { valid: false, fault: 'UNKNOWN_KEY' };
    if (error instanceof errors.JOSEError) return { valid: false, fault: faultOf(error) };
    throw error;
  }
}

function optionsOf(check: StatementCheck): JWTVerifyOptions {
  return {
    algorithms: ['EdDSA'],
    typ: check.type,
    issuer: check.domain,
    currentDate: new Date(check.nowMs),
    requiredClaims: [...check.requiredClaims],
  };
}

class UnknownKey extends Error {}

async function keyNamed(keys: AttestationKeys, kid: string | undefined): Promise<CryptoKey> {
  const key = typeof kid === 'string' ? await keys.keyFor(kid) : undefined;
  if (key === undefined) throw new UnknownKey();
  return key;
}

const CLAIM_FAULTS: ReadonlyMap<string, StatementFault> = new Map([
  ['iss', 'WRONG_DOMAIN'],
  ['typ', 'WRONG_TYPE'],
]);

function faultOf(error: errors.JOSEError): StatementFault {
  if (error instanceof errors.JWTExpired) return 'EXPIRED';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return CLAIM_FAULTS.get(error.claim) ?? 'CLAIM_INVALID';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'BAD_SIGNATURE';
  return error instanceof errors.JOSEAlgNotAllowed ? 'WRONG_ALGORITHM' : 'MALFORMED';
}
