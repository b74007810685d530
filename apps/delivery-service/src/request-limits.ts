/**
 * How many requests per second a device may make, and a group may get, on all replicas together.
 *
 * Tokens are taken from the store by the handful and spent here, so that a stream does not pay a step of the store for each
 * message. A replica that does not spend its handful keeps it: that much more than the limit may get through, once.
 *
 * @module
 */
import { resourceExhausted, type Clock, type ServiceError } from '@canopy/service';
import type { RateLimits, TakeOutcome } from '@canopy/storage';
import { Recent } from './recent.ts';

/** Requests per second; 0 for no limit. */
export interface RequestLimitsOptions {
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  readonly perDevice: number;
  readonly perGroup: number;
}

/** A request that is one too many. */
export interface Exceeded {
  /** The setting that names the limit. */
  readonly limit: string;
  /** Requests per second. */
  readonly value: number;
  readonly retryAfterMs: number;
}

interface Limit {
  readonly setting: string;
  readonly bucketPrefix: string;
  readonly perSecond: number;
}

interface Allowance {
  tokens: number;
  refill: Promise<TakeOutcome> | undefined;
}

/** Tokens that somebody waits for. */
interface Demand {
  readonly limit: Limit;
  readonly bucket: string;
  readonly wanted: number;
}

/** How many seconds' worth may come at once. */
const BURST_SECONDS = 10;
/** A handful lasts for a tenth of a second at the limit. */
const HANDFULS_PER_SECOND = 10;
const REMEMBERED = 100_000;

/** Counts requests. An answer that is not a promise costs nothing. */
export class RequestLimits {
  readonly #options: RequestLimitsOptions;
  readonly #allowances = new Recent<string, Allowance>(REMEMBERED);
  readonly #device: Limit;
  readonly #group: Limit;

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
    const { perDevice, perGroup } = options;
    this.#device = {
      setting: 'CANOPY_REQUESTS_PER_DEVICE',
      bucketPrefix: 'ds-device:',
      perSecond: perDevice,
    };
    this.#group = { setting: 'CANOPY_REQUESTS_PER_GROUP', bucketPrefix: 'ds-group:', perSecond: perGroup };
  }

  /** Counts a request of a device, or as many as it is worth; undefined when it may go on. */
  ofDevice(device: string, cost = 1): Promise<Exceeded | undefined> | undefined {
    return this.#take(this.#device, device, cost);
  }

  /** Counts a request about a group, to be asked for members only: others must not use up what the members have. */
  ofGroup(groupId: Uint8Array): Promise<Exceeded | undefined> | undefined {
    if (this.#group.perSecond === 0) return undefined;
    return this.#take(this.#group, Buffer.from(groupId).toString('base64url'), 1);
  }

  #take(limit: Limit, name: string, cost: number): Promise<Exceeded | undefined> | undefined {
    if (limit.perSecond === 0) return undefined;
    const bucket = limit.bucketPrefix + name;
    const allowance = this.#allowances.find(bucket) ?? this.#open(bucket);
    // What is worth more than ever comes at once takes nearly all there can be: the request that it came in counts too.
    const wanted = Math.min(cost, limit.perSecond * (BURST_SECONDS - 1));
    if (allowance.tokens >= wanted) {
      allowance.tokens -= wanted;
      return undefined;
    }
    return this.#takeMore({ limit, bucket, wanted }, allowance);
  }

  #open(bucket: string): Allowance {
    const allowance: Allowance = { tokens: 0, refill: undefined };
    this.#allowances.keep(bucket, allowance);
    return allowance;
  }

  async #takeMore({ limit, bucket, wanted }: Demand, allowance: Allowance): Promise<Exceeded | undefined> {
    while (allowance.tokens < wanted) {
      allowance.refill ??= this.#refill(limit, bucket, allowance);
      // Others may have spent the handful meanwhile.
      const outcome = await allowance.refill;
      if (outcome.outcome === 'empty') {
        // The request that tries again counts too.
        const missing = wanted > 1 ? wanted - allowance.tokens + 1 : 0;
        const retryAfterMs = Math.max(outcome.retryAfterMs, Math.ceil((missing / limit.perSecond) * 1000));
        return { limit: limit.setting, value: limit.perSecond, retryAfterMs };
      }
    }
    allowance.tokens -= wanted;
    return undefined;
  }

  async #refill({ perSecond }: Limit, bucket: string, allowance: Allowance): Promise<TakeOutcome> {
    const cost = Math.max(1, Math.floor(perSecond / HANDFULS_PER_SECOND));
    const { rateLimits, clock } = this.#options;
    try {
      const outcome = await rateLimits.take({
        bucket,
        cost,
        capacity: perSecond * BURST_SECONDS,
        refillPerSecond: perSecond,
        nowMs: Math.floor(clock.now()),
      });
      if (outcome.outcome === 'taken') allowance.tokens += cost;
      return outcome;
    } finally {
      allowance.refill = undefined;
    }
  }
}

/** Requires that a request may go on. @throws {ServiceError} RESOURCE_EXHAUSTED */
export async function requireAllowed(asked: Promise<Exceeded | undefined> | undefined): Promise<void> {
  const exceeded = await asked;
  if (exceeded !== undefined) throw exhausted(exceeded);
}

/** Makes the error that names a limit and its value. */
export function exhausted(exceeded: {
  readonly limit: string;
  readonly value: number | bigint;
  readonly retryAfterMs: number | bigint;
}): ServiceError {
  const { limit, value, retryAfterMs } = exceeded;
  return resourceExhausted(limit, Number(value), Number(retryAfterMs));
}
