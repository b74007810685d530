/**
 * Which groups this device has lost its way in, and the external commits by which it comes back (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** An external commit that the Delivery Service may or may not have accepted. */
export interface StoredRejoin {
  /** An encoded CommitBundle. */
  readonly bundle: Uint8Array;
  /** The encoded state of the group after it. */
  readonly state: Uint8Array;
}

/** How a group fares. */
export interface StoredRecovery {
  /** Why the group cannot be followed; undefined when it can. */
  readonly fault: string | undefined;
  /** How often the device came back lately. */
  readonly recovered: number;
  /** When it last came back, in milliseconds since 1970. */
  readonly recoveredAtMs: number;
  readonly rejoin: StoredRejoin | undefined;
}

const WELL: StoredRecovery = { fault: undefined, recovered: 0, recoveredAtMs: 0, rejoin: undefined };

/** The rows of recoveries. */
export class RecoveryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** How a group fares. */
  find(conversation: string): StoredRecovery {
    const row = this.#database.get('SELECT * FROM recovery WHERE conversation = ?', conversation);
    return row === undefined ? WELL : toStored(row);
  }

  /** Remembers why a group cannot be followed any more. */
  saveFault(conversation: string, fault: string): void {
    this.#database.run(
      `INSERT INTO recovery (conversation, fault) VALUES (?, ?)
       ON CONFLICT (conversation) DO UPDATE SET fault = excluded.fault, bundle = NULL, state = NULL`,
      conversation,
      fault,
    );
  }

  /** Saves an external commit before it is sent, in the place of one that was definitely not accepted. */
  saveRejoin(conversation: string, { bundle, state }: StoredRejoin): void {
    this.#database.run(
      'UPDATE recovery SET bundle = ?, state = ? WHERE conversation = ?',
      bundle,
      state,
      conversation,
    );
  }

  /** Forgets an external commit that was definitely not accepted. */
  deleteRejoin(conversation: string): void {
    this.#database.run(
      'UPDATE recovery SET bundle = NULL, state = NULL WHERE conversation = ?',
      conversation,
    );
  }

  /** Remembers that the device is back. */
  finish(conversation: string, recovered: number, recoveredAtMs: number): void {
    this.#database.run(
      `UPDATE recovery SET fault = NULL, bundle = NULL, state = NULL, recovered = ?, recovered_at_ms = ?
       WHERE conversation = ?`,
      recovered,
      recoveredAtMs,
      conversation,
    );
  }

  /** Forgets everything about a conversation. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM recovery WHERE conversation = ?', conversation);
  }
}

function toStored(row: Row): StoredRecovery {
  return {
    fault: row['fault'] === null ? undefined : text(row, 'fault'),
    recovered: Number(integer(row, 'recovered')),
    recoveredAtMs: Number(integer(row, 'recovered_at_ms')),
    rejoin: row['bundle'] === null ? undefined : { bundle: bytes(row, 'bundle'), state: bytes(row, 'state') },
  };
}
