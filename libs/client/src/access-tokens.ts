/**
 * Short-lived access tokens, got by signing a challenge with the device's key.
 *
 * @module
 */
import { authentication, CallError, callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { signAuthenticationProof } from '@canopy/identity';
import { Metadata } from '@grpc/grpc-js';
import type { Stubs } from './connections.ts';
import type { Clock } from './ports.ts';
import type { EnrolledDevice } from './store/device-store.ts';

/** The services that a device shows tokens to. */
export type TokenFor = 'directory' | 'delivery';

const { TokenAudience } = authentication;
const AUDIENCES = { directory: TokenAudience.DIRECTORY, delivery: TokenAudience.DELIVERY } as const;
/** A token is replaced when less than this is left of it, or half of its life if that is shorter. */
const MARGIN_MS = 60_000;

interface Tokens {
  readonly byAudience: ReadonlyMap<authentication.TokenAudience, string>;
  readonly renewAtMs: number;
}

/** Keeps the tokens of a device fresh. */
export class AccessTokens {
  readonly #stub: Stubs['authentication'];
  readonly #device: EnrolledDevice;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #tokens: Tokens | undefined;
  #fetching: Promise<Tokens> | undefined;

  constructor(
    stub: Stubs['authentication'],
    device: EnrolledDevice,
    { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {
    this.#stub = stub;
    this.#signal = signal;
    this.#device = device;
    this.#clock = clock;
  }

  /** Gives the metadata of a call, with a token that is good for a while. @throws {CallError} */
  async metadata(service: TokenFor): Promise<Metadata> {
    const { byAudience } = await this.#current();
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${byAudience.get(AUDIENCES[service]) ?? ''}`);
    return metadata;
  }

  /** Makes a call with a token; once more with a new one when the service does not take it. @throws {CallError} */
  async call<T>(service: TokenFor, call: (metadata: Metadata) => Promise<T>): Promise<T> {
    try {
      return await call(await this.metadata(service));
    } catch (error) {
      if (!(error instanceof CallError && error.code === 'UNAUTHENTICATED')) throw error;
      this.forget();
      return call(await this.metadata(service));
    }
  }

  /** Throws the tokens away, since a service did not take one. */
  forget(): void {
    this.#tokens = undefined;
  }

  async #current(): Promise<Tokens> {
    if (this.#tokens !== undefined && this.#clock.now() < this.#tokens.renewAtMs) return this.#tokens;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    this.#tokens = await this.#fetching;
    return this.#tokens;
  }

  async #fetch(): Promise<Tokens> {
    const { device, domain, cipherSuite, signatureKeyPair } = this.#device;
    const options = { signal: this.#signal };
    const { challenge } = await callUnary(this.#stub, 'beginAuthentication', { device }, options);
    const proof = { challenge, domain, device };
    const suite = getCipherSuite(cipherSuite);
    const signature = signAuthenticationProof(suite, signatureKeyPair.privateKey, proof);
    const audiences = Object.values(AUDIENCES);
    const request = { device, challenge, signature, audiences };
    return this.#toTokens(await callUnary(this.#stub, 'createAccessTokens', request, options));
  }

  #toTokens({ tokens }: authentication.CreateAccessTokensResponse): Tokens {
    const now = this.#clock.now();
    const lives = tokens.map(({ expiresAtUnixMs }) => Number(expiresAtUnixMs) - now);
    const life = Math.min(...lives);
    return {
      byAudience: new Map(tokens.map(({ audience, token }) => [audience, token])),
      renewAtMs: now + Math.max(life - MARGIN_MS, life / 2),
    };
  }
}
