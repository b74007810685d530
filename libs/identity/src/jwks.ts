/**
 * The public keys of an Authentication Service as a value (RFC 7517).
 *
 * @module
 */
import { createLocalJWKSet, importJWK, type CryptoKey, type JSONWebKeySet, type JWK } from 'jose';
import { IdentityError } from './errors.ts';

/** Finds the key that an attestation names; may throw when that cannot be found out now. */
export interface AttestationKeys {
  keyFor(kid: string): Promise<CryptoKey | undefined>;
}

const MAX_JSON_LENGTH = 65_536;
const MAX_KEYS = 64;
const ALGORITHMS: ReadonlySet<unknown> = new Set([undefined, 'EdDSA', 'Ed25519']);

/**
 * Reads a JSON Web Key Set. Keys of other kinds or for other uses are passed over, as RFC 7517 §5 asks.
 *
 * @throws IdentityError INVALID_KEY_SET when it is none, is too large, names a key twice or holds a private key
 */
export async function parseJwks(json: string): Promise<AttestationKeys> {
  const usable = readKeySet(json).keys.filter(isUsable);
  if (new Set(usable.map(({ kid }) => kid)).size !== usable.length) {
    throw new IdentityError('INVALID_KEY_SET', 'a key id occurs twice');
  }
  const keys = new Map(await Promise.all(usable.map(importKey)));
  return { keyFor: (kid) => Promise.resolve(keys.get(kid)) };
}

function readKeySet(json: string): JSONWebKeySet {
  if (json.length > MAX_JSON_LENGTH) {
    throw new IdentityError('INVALID_KEY_SET', `at most ${MAX_JSON_LENGTH} characters expected`);
  }
  const set = asKeySet(json);
  if (set.keys.length > MAX_KEYS) {
    throw new IdentityError('INVALID_KEY_SET', `at most ${MAX_KEYS} keys expected`);
  }
  return set;
}

function asKeySet(json: string): JSONWebKeySet {
  try {
    // jose checks that it is a key set at all.
    return createLocalJWKSet(JSON.parse(json)).jwks();
  } catch (cause) {
    throw new IdentityError('INVALID_KEY_SET', 'a JSON Web Key Set expected', { cause });
  }
}

function isUsable(jwk: JWK): boolean {
  const ed25519 = jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && ALGORITHMS.has(jwk.alg);
  return ed25519 && (jwk.use === undefined || jwk.use === 'sig') && typeof jwk.kid === 'string';
}

async function importKey(jwk: JWK): Promise<readonly [string, CryptoKey]> {
  if ('d' in jwk) {
    throw new IdentityError('INVALID_KEY_SET', 'only public keys expected');
  }
  return [jwk.kid ?? '', await importEd25519(jwk)];
}

async function importEd25519({ x }: JWK): Promise<CryptoKey> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: typeof x === 'string' ? x : '' }, 'EdDSA');
    if (!(key instanceof Uint8Array)) return key;
  } catch (cause) {
    throw new IdentityError('INVALID_KEY_SET', 'an Ed25519 public key expected', { cause });
  }
  throw new IdentityError('INVALID_KEY_SET', 'an Ed25519 public key expected');
}
