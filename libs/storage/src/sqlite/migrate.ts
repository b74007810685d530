/**
 * Brings a file to the schema of this release.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { StorageError } from '../errors.ts';
import type { SqliteConnection } from './connection.ts';
import { smallInteger } from './row.ts';

/** In their order for ever: a released one is never changed, only followed by another. */
const MIGRATIONS = [
  '0001-group-log.sql',
  '0002-mailbox.sql',
  '0003-single-use-stock.sql',
  '0004-registry.sql',
  '0010-credentials.sql',
  '0020-rate-limits.sql',
  '0005-receipts-retention-trees.sql',
  '0021-stock-by-capabilities.sql',
  '0011-issued-until.sql',
  '0022-mailbox-age.sql',
] as const;

/**
 * Applies the migrations that the file lacks, all or none; of several processes that open a file together, one does it.
 *
 * @throws StorageError NEWER_SCHEMA when the file has migrations that this release does not know
 */
export function migrate(connection: SqliteConnection): void {
  connection.write(() => {
    connection.script(
      'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT',
    );
    const applied = schemaVersion(connection);
    if (applied > MIGRATIONS.length)
      throw new StorageError(
        'NEWER_SCHEMA',
        `the file has schema ${applied}, this release knows ${MIGRATIONS.length}`,
      );
    for (const [index, name] of MIGRATIONS.entries())
      if (index >= applied) apply(connection, index + 1, name);
  });
}

/** Reads which migration the file has come to. */
export function schemaVersion(connection: SqliteConnection): number {
  const row = connection.get('SELECT coalesce(max(version), 0) AS version FROM migration');
  if (row === undefined) throw new StorageError('CORRUPT', 'no schema version');
  return smallInteger(row, 'version');
}

function apply(connection: SqliteConnection, version: number, name: string): void {
  connection.script(readFileSync(new URL(`./migrations/${name}`, import.meta.url), 'utf8'));
  connection.run('INSERT INTO migration (version, name) VALUES (?, ?)', version, name);
}
