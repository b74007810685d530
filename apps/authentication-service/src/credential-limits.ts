/**
 * How often credentials may be asked for: each is an entry of a log that only grows, and each revoked key a name on a list
 * that everybody reads.
 *
 * @module
 */
import { resourceExhausted, type Clock } from '@canopy/service';
import type { RateLimits } from '@canopy/storage';
import type { AuthenticationConfig } from './config.ts';

/** Where the buckets are, and how large. */
export interface CredentialLimitsOptions {
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  readonly config: Pick<AuthenticationConfig, 'credentialsPerDay' | 'enrolmentsPerDay'>;
}

/** What is counted, as the error names it. */
interface Limit {
  readonly name: string;
  /** So many at once, and so many come back in the time. */
  readonly count: number;
  readonly perSeconds: number;
}

const DAY_SECONDS = 86_400;
const CHALLENGES = { name: 'challenges for one enrolment a minute', count: 10, perSeconds: 60 };

/** Counts in buckets that all replicas share. */
export class CredentialLimits {
  readonly #options: CredentialLimitsOptions;

  constructor(options: CredentialLimitsOptions) {
    this.#options = options;
  }

  /** Counts credentials for a device that is enrolled. @throws {ServiceError} RESOURCE_EXHAUSTED */
  admitIssuance(device: string): Promise<void> {
    const { credentialsPerDay: count } = this.#options.config;
    return this.#take(device, { name: 'credentials of one device a day', count, perSeconds: DAY_SECONDS });
  }

  /** Counts a key that the revocation list will name, whichever device of the user it is of. @throws {ServiceError} RESOURCE_EXHAUSTED */
  admitRevokedKey(user: string): Promise<void> {
    const { credentialsPerDay: count } = this.#options.config;
    return this.#take(user, { name: 'revoked keys of one user a day', count, perSeconds: DAY_SECONDS });
  }

  /** Counts an ID token that enrols a device: users get as many as they like. @throws {ServiceError} RESOURCE_EXHAUSTED */
  admitIdToken(subject: string): Promise<void> {
    const { enrolmentsPerDay: count } = this.#options.config;
    return this.#take(subject, {
      name: 'enrolments by ID token of one user a day',
      count,
      perSeconds: DAY_SECONDS,
    });
  }

  /** Counts a challenge for evidence that holds. @throws {ServiceError} RESOURCE_EXHAUSTED */
  admitChallenge(evidenceHash: Uint8Array): Promise<void> {
    return this.#take(Buffer.from(evidenceHash).toString('hex'), CHALLENGES);
  }

  async #take(whose: string, { name, count, perSeconds }: Limit): Promise<void> {
    const { rateLimits, clock } = this.#options;
    const taken = await rateLimits.take({
      bucket: JSON.stringify([name, whose]),
      cost: 1,
      capacity: count,
      refillPerSecond: count / perSeconds,
      nowMs: clock.now(),
    });
    if (taken.outcome === 'empty') throw resourceExhausted(name, count, taken.retryAfterMs);
  }
}
