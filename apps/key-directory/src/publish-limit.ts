/**
 * How often KeyPackages may be published: each leaves its reference in the store until it expires, also when it is withdrawn or
 * replaced at once, so that it is never stored again.
 *
 * @module
 */
import { integer, resourceExhausted, type Clock, type ConfigOf } from '@canopy/service';
import type { RateLimits } from '@canopy/storage';

const LARGEST_RATE = 100_000_000;

/** The settings of the limit. */
export const publishRateSettings = {
  publishBurst: integer({
    env: 'CANOPY_PUBLISHED_PER_DEVICE_BURST',
    description: 'KeyPackages that one device publishes at once',
    default: '1000',
    minimum: 100,
    maximum: LARGEST_RATE,
  }),
  publishPerHour: integer({
    env: 'CANOPY_PUBLISHED_PER_DEVICE_PER_HOUR',
    description: 'the same per hour in the long run',
    default: '150',
    minimum: 1,
    maximum: LARGEST_RATE,
  }),
} as const;

/** Where the buckets are, and how large. */
export interface PublishLimitOptions {
  readonly rateLimits: RateLimits;
  readonly rate: ConfigOf<typeof publishRateSettings>;
  readonly clock: Clock;
}

/** Counts what is published, in buckets that all replicas share. */
export class PublishLimit {
  readonly #options: PublishLimitOptions;

  constructor(options: PublishLimitOptions) {
    this.#options = options;
  }

  /** Counts a batch of a device, whatever will become of it. @throws {ServiceError} RESOURCE_EXHAUSTED, which names the limit */
  async admit(device: string, count: number): Promise<void> {
    const { rateLimits, rate, clock } = this.#options;
    const taken = await rateLimits.take({
      bucket: JSON.stringify(['publish', device]),
      cost: count,
      capacity: rate.publishBurst,
      refillPerSecond: rate.publishPerHour / 3_600,
      nowMs: clock.now(),
    });
    if (taken.outcome === 'taken') return;
    throw resourceExhausted('KeyPackages published by one device', rate.publishBurst, taken.retryAfterMs);
  }
}
