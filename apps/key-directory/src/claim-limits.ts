/**
 * How often KeyPackages may be claimed (RFC 9420 §16.8): nobody takes away what a device has put out for everybody.
 *
 * @module
 */
import { resourceExhausted, type Caller, type Clock } from '@canopy/service';
import type { RateLimits, TakeOutcome } from '@canopy/storage';
import type { ClaimRate, ClaimRates } from './claim-rates.ts';

/** Where the buckets are. */
export interface ClaimLimitsOptions {
  readonly rateLimits: RateLimits;
  readonly rates: ClaimRates;
  readonly clock: Clock;
}

/** Devices that have given enough for now, with the time after which they give again, in milliseconds. */
export type Limited = ReadonlyMap<string, number>;

/** What a claim may have of the devices that it names. */
export interface Admission {
  /** From these the caller has claimed too much: they give it nothing. */
  readonly byCaller: Limited;
  /** From these all together have claimed too much: they give their last resort. */
  readonly byAll: Limited;
}

const HOUR_SECONDS = 3_600;

/** Counts what is claimed, in buckets that all replicas share. */
export class ClaimLimits {
  readonly #options: ClaimLimitsOptions;

  constructor(options: ClaimLimitsOptions) {
    this.#options = options;
  }

  /**
   * Counts a claim of some devices and of users who have none, and tells which devices have given enough for now. A caller that
   * claims too much altogether, or from each of the devices, is refused.
   * A caller is a user: who has many devices has no more than others.
   * The buckets of all together are asked last: who is refused for its own claims takes nothing from the others' share.
   *
   * @throws {ServiceError} RESOURCE_EXHAUSTED, which names the limit
   */
  async admit({ user }: Caller, devices: readonly string[], unknownUsers: number): Promise<Admission> {
    const cost = devices.length + unknownUsers;
    if (cost === 0) return { byCaller: new Map(), byAll: new Map() };
    const { perCaller, perCallerAndDevice, perDevice } = this.#options.rates;
    const [all, byCaller] = await Promise.all([
      this.#take(['caller', user], perCaller, cost),
      this.#limitedOf(devices, (device) => ['pair', user, device], perCallerAndDevice),
    ]);
    if (all.outcome === 'empty') throw exceeded('devices claimed by one caller', perCaller, all.retryAfterMs);
    if (byCaller.size > 0 && byCaller.size === devices.length) {
      const retryAfterMs = Math.min(...byCaller.values());
      throw exceeded('claims by one caller from one device', perCallerAndDevice, retryAfterMs);
    }
    const others = devices.filter((device) => !byCaller.has(device));
    const byAll = await this.#limitedOf(others, (device) => ['device', device], perDevice);
    return { byCaller, byAll };
  }

  async #limitedOf(
    devices: readonly string[],
    bucketOf: (device: string) => readonly string[],
    rate: ClaimRate,
  ): Promise<Limited> {
    const outcomes = await Promise.all(devices.map((device) => this.#take(bucketOf(device), rate, 1)));
    return new Map(
      devices.flatMap((device, index) => {
        const outcome = outcomes[index];
        return outcome?.outcome === 'empty' ? [[device, outcome.retryAfterMs] as const] : [];
      }),
    );
  }

  #take(name: readonly string[], { burst, perHour }: ClaimRate, cost: number): Promise<TakeOutcome> {
    return this.#options.rateLimits.take({
      bucket: JSON.stringify(['claim', ...name]),
      cost,
      capacity: burst,
      refillPerSecond: perHour / HOUR_SECONDS,
      nowMs: this.#options.clock.now(),
    });
  }
}

function exceeded(limit: string, { burst }: ClaimRate, retryAfterMs: number): Error {
  return resourceExhausted(limit, burst, retryAfterMs);
}
