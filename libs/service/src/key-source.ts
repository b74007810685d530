/**
 * Where the public keys come from that access tokens are checked with.
 *
 * @module
 */
import { callUnary, type authentication } from '@canopy/contract';
import { createLocalJWKSet, importJWK, type CryptoKey, type JWK } from 'jose';
import { systemClock, type Clock } from './clock.ts';
import { unavailable } from './errors.ts';

/** Finds the key that a token names. @throws {ServiceError} UNAVAILABLE when that cannot be found out now. */
export interface KeySource {
  findKey(kid: string): Promise<CryptoKey | undefined>;
}

/** How the keys of the authentication service are fetched. */
export interface RemoteKeySourceOptions {
  /** The domain that the keys must speak for. */
  readonly domain: string;
  readonly clock?: Clock;
  /** No two fetches are closer than this, whatever key ids strangers make up; 5 seconds by default. */
  readonly minimumIntervalMs?: number;
  /** After this time the keys are fetched again, so that a withdrawn one is forgotten, and after twice this time no call goes on without; 5 minutes by default. */
  readonly maximumAgeMs?: number;
  readonly timeoutMs?: number;
  /** Hears why a fetch failed while older keys still serve. */
  readonly onFailure?: (error: unknown) => void;
}

type Keys = ReadonlyMap<string, CryptoKey>;
type JwksClient = Pick<authentication.AuthenticationServiceClient, 'getJwks'>;

/** Serves the Ed25519 keys of a JSON Web Key Set (RFC 7517) that is at hand: in the authentication service itself, and in tests. */
export async function fixedKeySource(jwksJson: string): Promise<KeySource> {
  const keys = await readJwks(jwksJson);
  return { findKey: (kid) => Promise.resolve(keys.get(kid)) };
}

/** Serves the keys of the authentication service from a cache that outlives the service's absences. */
export function remoteKeySource(client: JwksClient, options: RemoteKeySourceOptions): KeySource {
  const cache = new KeyCache(() => fetchKeys(client, options), options);
  return { findKey: (kid) => cache.findKey(kid) };
}

class KeyCache {
  readonly #fetch: () => Promise<Keys>;
  readonly #clock: Clock;
  readonly #options: RemoteKeySourceOptions;
  #keys: Keys | undefined;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failure: unknown;
  #running: Promise<void> | undefined;

  constructor(fetch: () => Promise<Keys>, options: RemoteKeySourceOptions) {
    this.#fetch = fetch;
    this.#clock = options.clock ?? systemClock;
    this.#options = options;
  }

  async findKey(kid: string): Promise<CryptoKey | undefined> {
    const known = this.#keys?.get(kid);
    const ageMs = this.#clock.now() - this.#fetchedAt;
    const maximumAgeMs = this.#options.maximumAgeMs ?? 300_000;
    if (known === undefined || ageMs > 2 * maximumAgeMs) {
      // After a time without calls a key may long be withdrawn; if it cannot be asked for, what was known counts.
      await this.#refresh();
    } else if (ageMs > maximumAgeMs) {
      // Not awaited: a call must not wait for a fetch while its key is at hand.
      void this.#refresh();
    }
    const key = this.#keys?.get(kid);
    if (key === undefined && this.#failure !== undefined) {
      // The key may be a new one that could not be fetched: the caller's token is not to blame.
      throw unavailable(this.#failure);
    }
    return key;
  }

  #refresh(): Promise<void> {
    const now = this.#clock.now();
    if (this.#running === undefined && now - this.#triedAt >= (this.#options.minimumIntervalMs ?? 5_000)) {
      this.#triedAt = now;
      this.#running = this.#load().finally(() => {
        this.#running = undefined;
      });
    }
    return this.#running ?? Promise.resolve();
  }

  async #load(): Promise<void> {
    try {
      this.#keys = await this.#fetch();
      this.#fetchedAt = this.#clock.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      this.#options.onFailure?.(error);
    }
  }
}

async function fetchKeys(client: JwksClient, options: RemoteKeySourceOptions): Promise<Keys> {
  const deadlineMs = options.timeoutMs ?? 3_000;
  const { domain, jwksJson } = await callUnary(client, 'getJwks', {}, { deadlineMs, waitForReady: true });
  if (domain !== options.domain) {
    throw new Error(`the authentication service speaks for ${domain}, not for ${options.domain}`);
  }
  return readJwks(jwksJson);
}

async function readJwks(jwksJson: string): Promise<Keys> {
  // jose checks that it is a key set at all.
  const { keys } = createLocalJWKSet(JSON.parse(jwksJson)).jwks();
  const usable = keys.filter((jwk) => jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && jwk.kid !== undefined);
  return new Map(await Promise.all(usable.map(readJwk)));
}

async function readJwk(jwk: JWK): Promise<readonly [string, CryptoKey]> {
  const key = await importJWK(jwk, 'EdDSA');
  if (key instanceof Uint8Array || key.type !== 'public') {
    throw new TypeError('a key set must hold public keys only');
  }
  return [jwk.kid ?? '', key];
}
