/**
 * Opens the store of the delivery service.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite, type SqliteStore } from '@canopy/storage';

/** Opens `delivery-service.sqlite` in a folder, which is made when it is missing. */
export function openStore(folder: string): SqliteStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSqlite(join(folder, 'delivery-service.sqlite'));
}
