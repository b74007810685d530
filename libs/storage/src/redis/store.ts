/**
 * The store on Redis.
 *
 * @module
 */
import type { RateLimits } from '../rate-limits.ts';
import type { SingleUseStock } from '../single-use-stock.ts';
import { connectCluster, connectSingle } from './connection.ts';
import type { RedisConnection } from './connection.ts';
import { RedisRateLimits } from './rate-limits.ts';
import { RedisSingleUseStock } from './single-use-stock.ts';

/** What can be set about a Redis store. */
export interface RedisOptions {
  /** How long a step may take before it counts as failed. */
  readonly timeoutMs?: number;
}

/** The ports that are there on Redis. */
export interface RedisStore {
  readonly singleUseStock: SingleUseStock;
  readonly rateLimits: RateLimits;
  /** Whether Redis answers now. */
  isHealthy(): Promise<boolean>;
  /** Ends the connection; what is under way fails. */
  close(): void;
}

const TIMEOUT_MS = 5000;

/**
 * Connects to one Redis (7.0 or newer) or Valkey.
 *
 * @throws StorageError UNAVAILABLE
 */
export async function openRedis(url: string, options: RedisOptions = {}): Promise<RedisStore> {
  return store(await connectSingle(url, options.timeoutMs ?? TIMEOUT_MS));
}

/**
 * Connects to a Redis Cluster through any of its nodes.
 *
 * @throws StorageError UNAVAILABLE
 */
export async function openRedisCluster(
  urls: readonly string[],
  options: RedisOptions = {},
): Promise<RedisStore> {
  return store(await connectCluster(urls, options.timeoutMs ?? TIMEOUT_MS));
}

function store(connection: RedisConnection): RedisStore {
  return {
    singleUseStock: new RedisSingleUseStock(connection),
    rateLimits: new RedisRateLimits(connection),
    isHealthy: () => connection.isHealthy(),
    close: () => connection.close(),
  };
}
