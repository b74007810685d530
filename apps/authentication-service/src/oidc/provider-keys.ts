/**
 * The keys of the OpenID provider: discovered, cached, and fetched again when a token names one that is not known
 * (OpenID Connect Discovery §4, Core §10.1.1).
 *
 * @module
 */
import type { Clock } from '@canopy/service';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWTHeaderParameters } from 'jose';
import { fetchJson, type FetchOptions } from './fetch-json.ts';

/** A provider cannot be asked now; whether a token is good is unknown. */
export class ProviderAway extends Error {
  override readonly name = 'ProviderAway';
  /** When it can be asked again, in milliseconds from now, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Where keys come from. */
export interface ProviderKeysOptions extends FetchOptions {
  readonly issuer: string;
  readonly clock: Clock;
  /** Keys are fetched again after this time, so that a withdrawn one is forgotten; ten minutes by default. */
  readonly maximumAgeMs?: number;
  /** No two fetches are closer than this, whatever names of keys strangers make up; ten seconds by default. */
  readonly coolDownMs?: number;
}

/** For so long the last keys serve while the provider is away. */
const MAX_ABSENCE_MS = 86_400_000;

type LocalKeys = ReturnType<typeof createLocalJWKSet>;
type FoundKey = Awaited<ReturnType<LocalKeys>>;

/** Finds keys of one provider. */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  #keys: LocalKeys | undefined;
  #jwksUri: URL | undefined;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failure: unknown;
  #running: Promise<void> | undefined;

  constructor(options: ProviderKeysOptions) {
    this.#options = options;
  }

  /** Finds the key that a token is signed with. @throws JWKSNoMatchingKey; ProviderAway when that cannot be found out now */
  async find(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey> {
    const { maximumAgeMs = 600_000 } = this.#options;
    const isOld = this.#age() > maximumAgeMs;
    const wasAsked = isOld && (await this.#refresh());
    if (this.#age() > MAX_ABSENCE_MS) this.#keys = undefined;
    const found = await this.#findKnown(header, token);
    if (found !== undefined) return found;
    const isAsked = (await this.#refresh()) || wasAsked;
    const later = await this.#findKnown(header, token);
    if (later !== undefined) return later;
    if (this.#failure !== undefined) {
      throw new ProviderAway('the keys of the provider cannot be fetched', { cause: this.#failure });
    }
    // The provider may have made the key since it was asked: whether the token is good is unknown.
    if (!isAsked)
      throw new ProviderAway('the provider was asked just before', { retryAfterMs: this.#restMs() });
    throw new errors.JWKSNoMatchingKey();
  }

  #age(): number {
    return this.#options.clock.now() - this.#fetchedAt;
  }

  async #findKnown(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined> {
    try {
      return await this.#keys?.(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  /** Asks the provider, unless that was just done; says whether it was asked. */
  async #refresh(): Promise<boolean> {
    if (this.#running === undefined && this.#restMs() <= 0) {
      this.#triedAt = this.#options.clock.now();
      this.#running = this.#load().finally(() => {
        this.#running = undefined;
      });
    }
    if (this.#running === undefined) return false;
    await this.#running;
    return true;
  }

  /** How long the provider is not asked again. */
  #restMs(): number {
    const { coolDownMs = 10_000, clock } = this.#options;
    return this.#triedAt + coolDownMs - clock.now();
  }

  async #load(): Promise<void> {
    try {
      this.#jwksUri ??= await this.#discover();
      // jose checks that it is a key set at all.
      this.#keys = createLocalJWKSet(asKeySet(await fetchJson(this.#jwksUri, this.#options)));
      this.#fetchedAt = this.#options.clock.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      // It may have moved.
      this.#jwksUri = undefined;
    }
  }

  async #discover(): Promise<URL> {
    const { issuer } = this.#options;
    const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer;
    const document = await fetchJson(new URL(`${base}/.well-known/openid-configuration`), this.#options);
    // Discovery §4.3: the document must be of the issuer that was asked.
    if (!isRecord(document) || document['issuer'] !== issuer) throw new Error('a document of another issuer');
    const uri = new URL(String(document['jwks_uri']));
    if (uri.protocol !== new URL(issuer).protocol)
      throw new Error('keys by another protocol than the issuer');
    return uri;
  }
}

function asKeySet(value: unknown): Parameters<typeof createLocalJWKSet>[0] {
  if (!isRecord(value) || !Array.isArray(value['keys'])) throw new Error('no key set');
  return { keys: value['keys'] };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
