/**
 * What is in a store, seen from outside.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

/** What a store holds, hashed and in no order: rows by their table, or what a key holds. */
export type StoreDump = ReadonlyMap<string, readonly string[]>;

/** What the contract lets change, whatever is asked: the tables on SQLite, and the keys on Redis. */
const MAY_CHANGE: readonly { readonly why: string; readonly name: RegExp }[] = [
  {
    why: 'BeginEnrolment and BeginAuthentication make a challenge for whoever asks',
    name: /^challenge$|^canopy:registry:.*:challenge:/,
  },
  {
    why: 'who asks too often is counted, also when what it asks is wrong',
    name: /^rate_limit$|^canopy:rate-limit:/,
  },
];

/** Leaves out what may change. */
export function withoutWhatMayChange(dump: StoreDump): StoreDump {
  return new Map([...dump].filter(([name]) => !MAY_CHANGE.some((one) => one.name.test(name))));
}

/** Reads all tables of a file that a service has open. */
export function dumpSqlite(file: string): StoreDump {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .all()
      .map(({ name }) => String(name));
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
