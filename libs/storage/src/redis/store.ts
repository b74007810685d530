/**
 * The store on Redis.
 *
 * @module
 */
import type { Store, StoreOptions } from '../store.ts';
import { connectRedis } from './connection.ts';
import { RedisGroupLog } from './group-log.ts';
import { RedisMailbox } from './mailbox.ts';
import { RedisRateLimits } from './rate-limits.ts';
import { RedisReceiptKeys } from './receipt-keys.ts';
import { RedisRegistry } from './registry.ts';
import { RedisSingleUseStock } from './single-use-stock.ts';

/** Connects to Redis, of whatever kind. @throws StorageError UNAVAILABLE */
export async function openRedis(options: Exclude<StoreOptions, { store: 'sqlite' }>): Promise<Store> {
  const connection = await connectRedis(options);
  return {
    groupLog: new RedisGroupLog(connection, options.recentEpochs ?? 8),
    mailbox: new RedisMailbox(connection),
    receiptKeys: new RedisReceiptKeys(connection),
    singleUseStock: new RedisSingleUseStock(connection),
    rateLimits: new RedisRateLimits(connection),
    registry: new RedisRegistry(connection, options.domain ?? ''),
    isHealthy: () => connection.isHealthy(),
    close: () => connection.close(),
  };
}
