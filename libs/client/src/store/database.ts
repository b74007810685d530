/**
 * One SQLite file with everything that a client must not lose.
 *
 * @module
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { CodecError } from '@canopy/codec';
import { MlsError } from '@canopy/mls';
import { ClientError } from '../errors.ts';
import { integer, type Row } from './row.ts';
import { migrations } from './schema.ts';

/** A state file that is open; no other process can open it meanwhile. */
export class Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens a file, which is made when it is missing. @throws {ClientError} STATE_IN_USE, INVALID_STATE */
  static open(path: string): Database {
    createPrivateFile(path);
    const sqlite = new DatabaseSync(path, { readBigInts: true });
    try {
      // Two processes with one state would use ratchet keys twice, so the lock is held until the end.
      sqlite.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
      sqlite.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
      // RFC 9420 §9.2: what is deleted is overwritten in the file, and each transaction starts the log of writes anew.
      sqlite.exec('PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 1; PRAGMA journal_size_limit = 0');
      const database = new Database(sqlite);
      database.#migrate();
      return database;
    } catch (error) {
      sqlite.close();
      throw toClientError(error);
    }
  }

  /** Runs a step; it is durable on return, or has changed nothing when it throws. */
  transaction<T>(step: () => T): T {
    if (!this.#database.isOpen) throw new ClientError('CLOSED', 'the client is closed');
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = step();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Reads the first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** Reads all rows. */
  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values);
  }

  /** Changes rows; gives how many, and the position of the last new one. */
  run(sql: string, ...values: SQLInputValue[]): { readonly changes: bigint; readonly position: bigint } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return { changes: BigInt(changes), position: BigInt(lastInsertRowid) };
  }

  /** Runs statements that neither take nor give values. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Closes the file and lets others open it. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    if (!this.#database.isOpen) throw new ClientError('CLOSED', 'the client is closed');
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(): void {
    this.transaction(() => {
      const row = this.get('PRAGMA user_version');
      const version = row === undefined ? 0 : Number(integer(row, 'user_version'));
      if (version > migrations.length) {
        throw new ClientError(
          'INVALID_STATE',
          `the state file has version ${version}, this client knows less`,
        );
      }
      for (const migration of migrations.slice(version)) {
        if (typeof migration === 'string') this.exec(migration);
        else migration(this);
      }
      this.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }
}

/** The file holds all secrets of a device: nobody else on the machine may read it. */
function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

function toClientError(error: unknown): unknown {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'errcode') : undefined;
  if (code === SQLITE_BUSY) {
    return new ClientError('STATE_IN_USE', 'another process has this state file open', { cause: error });
  }
  if (code === SQLITE_NOTADB) {
    return new ClientError('INVALID_STATE', 'the file is not a state file', { cause: error });
  }
  if (error instanceof MlsError || error instanceof CodecError) {
    return new ClientError('INVALID_STATE', 'the state file has a group that cannot be read', {
      cause: error,
    });
  }
  return error;
}
