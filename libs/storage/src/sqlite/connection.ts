/**
 * One connection to a SQLite file: pragmas, cached statements, and the two kinds of atomic steps.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { StorageError } from '../errors.ts';
import { GroupCommit } from './group-commit.ts';
import type { Transactions } from './group-commit.ts';
import { integer } from './row.ts';
import type { Row } from './row.ts';

const CACHE_KIB = 32 * 1024;
/** So many pages of 4 KiB are in the journal before they go to their places in the file. */
const CHECKPOINT_PAGES = 8_000;

/** A connection on which steps are run one after the other. */
export class SqliteConnection implements Transactions {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #groupCommit = new GroupCommit(this);
  /** How many transactions of this connection may have changed the file. */
  #writes = 0;

  constructor(path: string, busyTimeoutMs: number) {
    if (path !== ':memory:') createPrivateFile(path);
    this.#database = new DatabaseSync(path, { timeout: busyTimeoutMs, readBigInts: true });
    this.#database.function('sha256', { deterministic: true }, sha256);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    // Request ids are random, so that every message touches another page of their index: with SQLite's own 2 MiB and 1000 pages
    // each was read and written back again and again. Neither has to do with what survives a crash.
    this.#database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  /** Runs a step on one unchanging view of the file. */
  read<T>(step: () => T): T {
    return this.#transaction('BEGIN', step);
  }

  /** Runs a step alone among all writers of the file; it is durable on return, or has changed nothing when it throws. */
  write<T>(step: () => T): T {
    // Asking for the write lock at once: upgrading a read transaction fails when another writer was faster.
    this.#writes += 1;
    return this.#transaction('BEGIN IMMEDIATE', step);
  }

  /**
   * Runs a step alone among all writers of the file, in one transaction with others that are asked for in the same turn; the
   * answer comes when it is durable. It has changed nothing when it throws, and the others do not notice.
   */
  commit<T>(step: () => T): Promise<T> {
    return this.#groupCommit.add(step);
  }

  nested<T>(step: () => T): T {
    // SQLite ends the whole transaction when the disk is full: what comes after must not begin one of its own.
    if (!this.#database.isTransaction) throw new StorageError('UNAVAILABLE', 'the transaction has ended');
    this.run('SAVEPOINT step');
    try {
      const answer = step();
      this.run('RELEASE step');
      return answer;
    } catch (error) {
      if (this.#database.isTransaction) this.script('ROLLBACK TO step; RELEASE step');
      throw toStorageError(error);
    }
  }

  /** A number that is another one after every change by another connection to the file. */
  dataVersion(): bigint {
    try {
      return integer(this.get('PRAGMA data_version') ?? {}, 'data_version');
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** Another text after every change of the file, by whatever connection. */
  version(): string {
    this.#requireOpen();
    return `${this.dataVersion()} ${this.#writes}`;
  }

  /** Runs SQL of several statements, which may use sha256(blob); only for the schema. */
  script(sql: string): void {
    this.#database.exec(sql);
  }

  /** Reads the first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** Reads row by row; the caller may stop early. */
  iterate(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#prepare(sql).iterate(...values);
  }

  /** Changes rows and says how many. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Finishes the steps that were asked for, and closes the file. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.#groupCommit.flush();
    this.#statements.clear();
    this.#database.close();
  }

  #requireOpen(): void {
    if (!this.isOpen) throw new StorageError('CLOSED', 'the store is closed');
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #transaction<T>(begin: string, step: () => T): T {
    this.#requireOpen();
    try {
      this.#database.exec(begin);
      const result = step();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw toStorageError(error);
    }
  }
}

function sha256(value: SQLOutputValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('sha256 takes a blob');
  return createHash('sha256').update(value).digest();
}

/** The file holds signing keys and who talks to whom: nobody else on the machine may read it. */
function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error) || error.code !== 'EEXIST') throw toStorageError(error);
  }
}

/** Turns a fault of SQLite or of the file system into the store's error; faults of the caller stay what they are. */
export function toStorageError(error: unknown): unknown {
  if (error instanceof StorageError || !hasCode(error)) return error;
  return error.code === 'ERR_SQLITE_ERROR' || 'syscall' in error
    ? new StorageError('UNAVAILABLE', 'the database cannot be read or written', { cause: error })
    : error;
}

function hasCode(error: unknown): error is { readonly code: unknown } {
  return typeof error === 'object' && error !== null && 'code' in error;
}
