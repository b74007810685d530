/**
 * Token buckets on Redis.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import { MAX_CLOCK_SKEW_MS } from '../rate-limits.ts';
import type { RateLimits, TakeOutcome, TakeTokens } from '../rate-limits.ts';
import type { RedisConnection } from './connection.ts';
import { rateLimitKey } from './keys.ts';
import { loadScript } from './script.ts';

const TAKE = loadScript('rate-limit');

/** Token buckets on one Redis or on a cluster. */
export class RedisRateLimits implements RateLimits {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async take(request: TakeTokens): Promise<TakeOutcome> {
    const { bucket, nowMs, cost, capacity, refillPerSecond } = request;
    const retryAfterMs = await this.#connection.run(TAKE, {
      keys: [rateLimitKey(bucket)],
      arguments: [nowMs, cost, capacity, refillPerSecond, MAX_CLOCK_SKEW_MS].map(String),
    });
    if (typeof retryAfterMs !== 'number')
      throw new StorageError('CORRUPT', 'a script answered with something else than it should');
    return retryAfterMs < 0 ? { outcome: 'taken' } : { outcome: 'empty', retryAfterMs };
  }
}
