/**
 * What is in an embedded store, seen from outside.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

/** The rows of each table, hashed and in no order. */
export type StoreDump = ReadonlyMap<string, readonly string[]>;

/** Reads all tables of a file that a service has open, besides those that are named. */
export function dumpSqlite(file: string, besides: Readonly<Record<string, string>>): StoreDump {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .all()
      .map(({ name }) => String(name))
      .filter((name) => !(name in besides));
    return new Map(tables.map((name) => [name, rowsOf(database, name)]));
  } finally {
    database.close();
  }
}

function rowsOf(database: DatabaseSync, table: string): readonly string[] {
  const statement = database.prepare(`SELECT * FROM "${table}"`);
  statement.setReadBigInts(true);
  return statement
    .all()
    .map((row) => hashRow(Object.entries(row)))
    .toSorted((left, right) => left.localeCompare(right));
}

function hashRow(columns: readonly (readonly [string, unknown])[]): string {
  const hash = createHash('sha256');
  for (const [name, value] of columns) {
    hash
      .update(`${name}=`)
      .update(value instanceof Uint8Array ? value : String(value))
      .update(';');
  }
  return hash.digest('hex');
}
