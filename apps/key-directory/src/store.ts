/**
 * The store of the key directory.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite, StorageError, type SqliteStore } from '@canopy/storage';

/** Opens `key-directory.sqlite` in a folder, which is made when it is missing. */
export function openStore(folder: string): SqliteStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSqlite(join(folder, 'key-directory.sqlite'));
}

/** Whether a store is away and may work again later: the caller is told to come back. */
export function isAway(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'UNAVAILABLE' || error.code === 'CLOSED');
}
