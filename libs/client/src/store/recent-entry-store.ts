/**
 * The newest entries of the logs, as they came.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { delivery } from '@canopy/contract';
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** How much of each log is kept. */
const MAX_ENTRIES = 256n;
const MAX_BYTES = 4n * 1024n * 1024n;
/** Old entries are looked for at every so many new ones. */
const PRUNE_EVERY = 16n;

/** The rows of recent entries. */
export class RecentEntryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps an entry, in the place of another one with its number or its content, and forgets the oldest beyond the bounds. */
  save(conversation: string, { sequence, kind, epoch, mlsMessage, receipt }: delivery.LogEntry): void {
    const hash = hashEntry(mlsMessage);
    this.#database.run('DELETE FROM recent_entry WHERE conversation = ? AND hash = ?', conversation, hash);
    this.#database.run(
      'INSERT OR REPLACE INTO recent_entry VALUES (?, ?, ?, ?, ?, ?, ?)',
      conversation,
      sequence,
      kind,
      epoch,
      mlsMessage,
      hash,
      receipt,
    );
    if (sequence % PRUNE_EVERY === 0n) this.#prune(conversation, sequence);
  }

  /** Finds the entry with a number. */
  find(conversation: string, sequence: bigint): delivery.LogEntry | undefined {
    const row = this.#database.get(
      'SELECT * FROM recent_entry WHERE conversation = ? AND sequence = ?',
      conversation,
      sequence,
    );
    return row && toEntry(row);
  }

  /** Says whether an entry with this message is kept, whatever its number. */
  has(conversation: string, mlsMessage: Uint8Array): boolean {
    const sql = 'SELECT 1 FROM recent_entry WHERE conversation = ? AND hash = ?';
    return this.#database.get(sql, conversation, hashEntry(mlsMessage)) !== undefined;
  }

  /** The entries after a number, in their order. */
  after(conversation: string, sequence: bigint): readonly delivery.LogEntry[] {
    const sql = 'SELECT * FROM recent_entry WHERE conversation = ? AND sequence > ? ORDER BY sequence';
    return this.#database.all(sql, conversation, sequence).map(toEntry);
  }

  /** The number of the oldest entry that is kept. */
  oldest(conversation: string): bigint | undefined {
    const sql =
      'SELECT sequence FROM recent_entry WHERE conversation = ? AND sequence > 0 ORDER BY sequence LIMIT 1';
    const row = this.#database.get(sql, conversation);
    return row && integer(row, 'sequence');
  }

  /** Takes the numbers away from the entries after one: other entries will get them, or the same ones again. */
  unnumber(conversation: string, after: bigint): void {
    this.#database.run(
      'UPDATE OR REPLACE recent_entry SET sequence = -sequence WHERE conversation = ? AND sequence > ?',
      conversation,
      after,
    );
  }

  /** The entries whose numbers were taken away and that have not come again, in their order. */
  unnumbered(conversation: string): readonly delivery.LogEntry[] {
    const sql = 'SELECT * FROM recent_entry WHERE conversation = ? AND sequence < 0 ORDER BY sequence DESC';
    return this.#database.all(sql, conversation).map(toEntry);
  }

  /** Forgets the entries whose numbers were taken away and that have not come again. */
  deleteUnnumbered(conversation: string): void {
    this.#database.run('DELETE FROM recent_entry WHERE conversation = ? AND sequence < 0', conversation);
  }

  /** Forgets all entries of a conversation. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM recent_entry WHERE conversation = ?', conversation);
  }

  #prune(conversation: string, newest: bigint): void {
    const within = `SELECT sequence FROM (SELECT sequence, sum(length(message)) OVER (ORDER BY sequence DESC) AS size
      FROM recent_entry WHERE conversation = ?) WHERE size <= ?`;
    this.#database.run(
      `DELETE FROM recent_entry WHERE conversation = ? AND sequence < ?
       AND (sequence <= ? OR sequence NOT IN (${within}))`,
      conversation,
      newest,
      newest - MAX_ENTRIES,
      conversation,
      MAX_BYTES,
    );
  }
}

/** The hash by which the content of an entry is known. */
function hashEntry(mlsMessage: Uint8Array): Uint8Array {
  return createHash('sha256').update(mlsMessage).digest();
}

function toEntry(row: Row): delivery.LogEntry {
  return {
    sequence: integer(row, 'sequence'),
    kind: delivery.logEntryKindFromJSON(text(row, 'kind')),
    epoch: integer(row, 'epoch'),
    mlsMessage: bytes(row, 'message'),
    receipt: text(row, 'receipt'),
  };
}
