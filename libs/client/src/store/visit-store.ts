/**
 * Groups that this device is about to join with a ticket.
 *
 * @module
 */
import type { Database } from './database.ts';
import type { StoredRejoin } from './recovery-store.ts';
import { bytes, text, type Row } from './row.ts';

/** An external commit with a ticket that the Delivery Service may or may not have accepted. */
export interface StoredVisit extends StoredRejoin {
  /** The conversation. */
  readonly id: string;
  /** The token of the ticket. */
  readonly token: Uint8Array;
}

/** The rows of visits. */
export class VisitStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Those that are under way. */
  all(): readonly StoredVisit[] {
    return this.#database.all('SELECT * FROM visit ORDER BY rowid').map(toStored);
  }

  /** The one of a conversation. */
  find(id: string): StoredVisit | undefined {
    const row = this.#database.get('SELECT * FROM visit WHERE conversation = ?', id);
    return row && toStored(row);
  }

  /** Saves one before it is sent, in the place of an earlier one. */
  save({ id, token, bundle, state }: StoredVisit): void {
    this.#database.run('INSERT OR REPLACE INTO visit VALUES (?, ?, ?, ?)', id, token, bundle, state);
  }

  /** Forgets one that has its answer. */
  delete(id: string): void {
    this.#database.run('DELETE FROM visit WHERE conversation = ?', id);
  }
}

function toStored(row: Row): StoredVisit {
  return {
    id: text(row, 'conversation'),
    token: bytes(row, 'token'),
    bundle: bytes(row, 'bundle'),
    state: bytes(row, 'state'),
  };
}
