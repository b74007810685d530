/**
 * Opens whichever store a service is configured with.
 *
 * @module
 */
import { openRedis } from './redis/store.ts';
import { openSqliteIn } from './sqlite/store.ts';
import type { Store, StoreOptions } from './store.ts';

/** Opens the store. @throws StorageError UNAVAILABLE, NEWER_SCHEMA */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.store !== 'sqlite') return openRedis(options);
  const { folder, name, ...rest } = options;
  return openSqliteIn(folder, name, rest);
}
