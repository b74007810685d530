/**
 * The embedded store: all ports on one SQLite file.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupLog } from '../group-log.ts';
import type { Mailbox } from '../mailbox.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ReceiptKeys } from '../receipt-keys.ts';
import type { Registry } from '../registry.ts';
import type { SingleUseStock } from '../single-use-stock.ts';
import { SqliteConnection, toStorageError } from './connection.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { SqliteGroupLog } from './group-log.ts';
import { SqliteMailbox } from './mailbox.ts';
import { migrate, schemaVersion } from './migrate.ts';
import { SqliteRateLimits } from './rate-limits.ts';
import { SqliteReceiptKeys } from './receipt-keys.ts';
import { SqliteRegistry } from './registry.ts';
import { SqliteSingleUseStock } from './single-use-stock.ts';

/** What can be set about a SQLite store. */
export interface SqliteOptions {
  /** How long a step waits for the writers of other processes; it blocks this process meanwhile. */
  readonly busyTimeoutMs?: number;
  /** How many epochs before the current one `findGroup` answers with. */
  readonly recentEpochs?: number;
}

/** All ports on one file. */
export interface SqliteStore {
  readonly groupLog: GroupLog;
  readonly mailbox: Mailbox;
  readonly receiptKeys: ReceiptKeys;
  readonly singleUseStock: SingleUseStock;
  readonly rateLimits: RateLimits;
  readonly registry: Registry;
  /** Whether the file can be read now. */
  isHealthy(): Promise<boolean>;
  /** Closes the file; every later call throws a `StorageError` CLOSED. */
  close(): void;
}

/**
 * Opens or creates a file, readable by its owner only, and brings it to the current schema; `:memory:` keeps everything in
 * memory. Several processes may have the same file open; what one of them writes to a log, a mailbox or a stock wakes the
 * others soon.
 *
 * @throws StorageError UNAVAILABLE, NEWER_SCHEMA
 */
export function openSqlite(path: string, options: SqliteOptions = {}): SqliteStore {
  const connection = openConnection(path, options.busyTimeoutMs ?? 5000);
  const foreignWrites = new ForeignWrites(connection);
  return {
    groupLog: new SqliteGroupLog(connection, foreignWrites, options.recentEpochs ?? 8),
    mailbox: new SqliteMailbox(connection, foreignWrites),
    receiptKeys: new SqliteReceiptKeys(connection),
    singleUseStock: new SqliteSingleUseStock(connection, foreignWrites),
    rateLimits: new SqliteRateLimits(connection),
    registry: new SqliteRegistry(connection),
    isHealthy: async () => isReadable(connection),
    close: () => connection.close(),
  };
}

/** Opens `<name>.sqlite` in a folder, which is made, for its owner only, when it is missing. @throws StorageError */
export function openSqliteIn(folder: string, name: string, options: SqliteOptions = {}): SqliteStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSqlite(join(folder, `${name}.sqlite`), options);
}

function openConnection(path: string, busyTimeoutMs: number): SqliteConnection {
  try {
    const connection = new SqliteConnection(path, busyTimeoutMs);
    try {
      migrate(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  } catch (error) {
    throw toStorageError(error);
  }
}

function isReadable(connection: SqliteConnection): boolean {
  try {
    return connection.read(() => schemaVersion(connection)) > 0;
  } catch {
    return false;
  }
}
