/**
 * The keys that sign access tokens and attestations; they live in the store, so that every process on it has the same.
 *
 * @module
 */
import type { Registry, SigningKey } from '@canopy/storage';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose';

/** The key that signs now, and all public keys that may have signed before. */
export interface SigningKeys {
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** The public keys as a JSON Web Key Set (RFC 7517). */
  readonly jwksJson: string;
}

const ALGORITHM = 'EdDSA';

/** Loads the signing keys; makes the first one when there is none. */
export async function loadSigningKeys(registry: Registry, nowMs: number): Promise<SigningKeys> {
  const [newest] = await registry.signingKeys();
  const current = newest ?? (await registry.ensureSigningKey(await createSigningKey(nowMs)));
  const all = await registry.signingKeys();
  return {
    kid: current.kid,
    privateKey: await importPrivateKey(current),
    jwksJson: JSON.stringify({ keys: all.map(publicJwkOf) }),
  };
}

async function createSigningKey(nowMs: number): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  return {
    kid: await calculateJwkThumbprint(await exportJWK(publicKey)),
    privateJwk: JSON.stringify(await exportJWK(privateKey)),
    createdAtMs: nowMs,
  };
}

async function importPrivateKey({ privateJwk }: SigningKey): Promise<CryptoKey> {
  const jwk: JWK = JSON.parse(privateJwk);
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array || key.type !== 'private') {
    throw new TypeError('the store holds a signing key that is none');
  }
  return key;
}

/** Names the public members one by one: a private one must never slip through. */
function publicJwkOf({ kid, privateJwk }: SigningKey): JWK {
  const { kty, crv, x }: { kty: 'OKP'; crv: string; x: string } = JSON.parse(privateJwk);
  return { kty, crv, x, kid, alg: ALGORITHM, use: 'sig' };
}
