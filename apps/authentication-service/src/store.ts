/**
 * Opens the store of the authentication service.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite, type SqliteStore } from '@canopy/storage';

/** Opens `authentication-service.sqlite` in a folder, which is made when it is missing. */
export function openStore(folder: string): SqliteStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSqlite(join(folder, 'authentication-service.sqlite'));
}
