/**
 * The outbox of the group log on SQLite: Welcomes on their way to mailboxes.
 *
 * @module
 */
import type { OutboxEntry, OutboxKey, WelcomeSlice } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, optionalBytes, text, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** The part of the group log that keeps Welcomes until they are delivered. */
export class SqliteOutbox {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Reads the oldest ones. */
  pending(limit: number): readonly OutboxEntry[] {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT g.group_id, o.group_sequence, o.device, o.welcome, o.ratchet_tree
         FROM outbox o JOIN delivery_group g ON g.id = o.group_key ORDER BY o.id LIMIT ?`,
        limit,
      );
      return Array.from(rows, toOutboxEntry);
    });
  }

  /** Forgets what is delivered. */
  complete(delivered: readonly OutboxKey[]): void {
    this.#connection.write(() => {
      for (const { groupId, groupSequence, device } of delivered)
        this.#connection.run(
          `DELETE FROM outbox WHERE group_key = (SELECT id FROM delivery_group WHERE group_id = ?)
           AND group_sequence = ? AND device = ?`,
          groupId,
          toInteger(groupSequence),
          device,
        );
    });
  }

  /** Adds the Welcomes of a commit, inside the step that appends it. */
  put(groupKey: bigint, sequence: bigint, welcomes: readonly WelcomeSlice[]): void {
    for (const { device, welcome, ratchetTree } of welcomes)
      this.#connection.run(
        'INSERT INTO outbox (group_key, group_sequence, device, welcome, ratchet_tree) VALUES (?, ?, ?, ?, ?)',
        groupKey,
        sequence,
        device,
        welcome,
        ratchetTree ?? null,
      );
  }
}

function toOutboxEntry(row: Row): OutboxEntry {
  return {
    groupId: bytes(row, 'group_id'),
    groupSequence: integer(row, 'group_sequence'),
    device: text(row, 'device'),
    welcome: bytes(row, 'welcome'),
    ratchetTree: optionalBytes(row, 'ratchet_tree'),
  };
}
