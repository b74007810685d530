/**
 * Pre-shared keys that let one guest in each (RFC 9420 §8.4, §12.4.3.2).
 *
 * @module
 */
import type { Database } from './database.ts';
import { bytes, integer, type Row } from './row.ts';

/** A pre-shared key that a guest shows. */
export interface StoredTicket {
  readonly pskId: Uint8Array;
  readonly psk: Uint8Array;
  /** In milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Whether this device has made it. */
  readonly own: boolean;
}

/** The rows of tickets. */
export class TicketStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Saves a ticket; one that is known stays as it is. */
  save(conversation: string, { pskId, psk, expiresAtMs, own }: StoredTicket): void {
    this.#database.run(
      'INSERT OR IGNORE INTO ticket VALUES (?, ?, ?, ?, ?)',
      conversation,
      pskId,
      psk,
      expiresAtMs,
      own ? 1 : 0,
    );
  }

  /** Finds the key of an id. */
  find(conversation: string, pskId: Uint8Array): StoredTicket | undefined {
    const row = this.#database.get(
      'SELECT * FROM ticket WHERE conversation = ? AND psk_id = ?',
      conversation,
      pskId,
    );
    return row && toStored(row);
  }

  /** How many tickets of a conversation there are. */
  count(conversation: string): number {
    const row = this.#database.get(
      'SELECT count(*) AS count FROM ticket WHERE conversation = ?',
      conversation,
    );
    return row === undefined ? 0 : Number(integer(row, 'count'));
  }

  /** All tickets of a conversation. */
  all(conversation: string): readonly StoredTicket[] {
    return this.#database.all('SELECT * FROM ticket WHERE conversation = ?', conversation).map(toStored);
  }

  /** Forgets a ticket that was used. */
  delete(conversation: string, pskId: Uint8Array): void {
    this.#database.run('DELETE FROM ticket WHERE conversation = ? AND psk_id = ?', conversation, pskId);
  }

  /** Forgets tickets that ended before a time. */
  deleteExpired(conversation: string, beforeMs: number): void {
    this.#database.run(
      'DELETE FROM ticket WHERE conversation = ? AND expires_at_ms < ?',
      conversation,
      beforeMs,
    );
  }

  /** Forgets all tickets of a conversation. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM ticket WHERE conversation = ?', conversation);
  }
}

function toStored(row: Row): StoredTicket {
  return {
    pskId: bytes(row, 'psk_id'),
    psk: bytes(row, 'psk'),
    expiresAtMs: Number(integer(row, 'expires_at_ms')),
    own: integer(row, 'own') === 1n,
  };
}
