/**
 * The store on Redis.
 *
 * @module
 */
import type { RateLimits } from '../rate-limits.ts';
import type { SingleUseStock } from '../single-use-stock.ts';
import type { RedisTarget } from './access.ts';
import { connectRedis } from './connection.ts';
import { RedisRateLimits } from './rate-limits.ts';
import { RedisSingleUseStock } from './single-use-stock.ts';

/** The ports that are there on Redis. */
export interface RedisStore {
  readonly singleUseStock: SingleUseStock;
  readonly rateLimits: RateLimits;
  /** Whether Redis answers now. */
  isHealthy(): Promise<boolean>;
  /** Ends the connections; what is under way fails. */
  close(): void;
}

/** Connects to Redis, of whatever kind. @throws StorageError UNAVAILABLE */
export async function openRedis(target: RedisTarget): Promise<RedisStore> {
  const connection = await connectRedis(target);
  return {
    singleUseStock: new RedisSingleUseStock(connection),
    rateLimits: new RedisRateLimits(connection),
    isHealthy: () => connection.isHealthy(),
    close: () => connection.close(),
  };
}
