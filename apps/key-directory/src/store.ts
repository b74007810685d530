/**
 * Opens the store of the key directory.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite, type SqliteStore } from '@canopy/storage';

/** Opens `key-directory.sqlite` in a folder, which is made when it is missing. */
export function openStore(folder: string): SqliteStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSqlite(join(folder, 'key-directory.sqlite'));
}
