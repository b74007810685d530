/**
 * Devices that came into a group by a commit that this device has refused.
 *
 * @module
 */
import type { Database } from './database.ts';
import { text } from './row.ts';

/** The rows of intruders. */
export class IntruderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Remembers an intruder. */
  add(conversation: string, device: string): void {
    this.#database.run('INSERT OR IGNORE INTO intruder VALUES (?, ?)', conversation, device);
  }

  /** The intruders of a conversation. */
  all(conversation: string): readonly string[] {
    const rows = this.#database.all('SELECT device FROM intruder WHERE conversation = ?', conversation);
    return rows.map((row) => text(row, 'device'));
  }

  /** Forgets an intruder that is not in the group. */
  delete(conversation: string, device: string): void {
    this.#database.run('DELETE FROM intruder WHERE conversation = ? AND device = ?', conversation, device);
  }

  /** Forgets all intruders of a conversation. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM intruder WHERE conversation = ?', conversation);
  }
}
