/**
 * The outbox of the group log on SQLite: Welcomes on their way to mailboxes.
 *
 * @module
 */
import type { NewCommit, OutboxEntry, OutboxKey, TreeReference } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, text, toInteger } from './row.ts';
import type { Row } from './row.ts';
import { optionalTree } from './trees.ts';

/** Where the Welcomes of a commit belong. */
export interface WelcomeOrigin {
  readonly groupKey: bigint;
  readonly sequence: bigint;
  /** The tree of the epoch that they lead to. */
  readonly tree: TreeReference | undefined;
}

/** The part of the group log that keeps Welcomes until they are delivered. */
export class SqliteOutbox {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Reads what is there, page by page, the oldest first. */
  async *pending(limit: number): AsyncIterable<readonly OutboxEntry[]> {
    let page = this.#after(0n, limit);
    for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
      yield page.map(({ entry }) => entry);
      page = this.#after(last.id, limit);
    }
  }

  #after(id: bigint, limit: number): readonly { readonly id: bigint; readonly entry: OutboxEntry }[] {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT o.id, g.group_id, o.group_sequence, o.device, o.welcome, o.epoch, o.tree_hash, o.tree_size
         FROM outbox o JOIN delivery_group g ON g.id = o.group_key WHERE o.id > ? ORDER BY o.id LIMIT ?`,
        id,
        limit,
      );
      return Array.from(rows, (row) => ({ id: integer(row, 'id'), entry: toOutboxEntry(row) }));
    });
  }

  /** Forgets what is delivered. */
  complete(delivered: readonly OutboxKey[]): Promise<void> {
    return this.#connection.commit(() => {
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
  put({ groupKey, sequence, tree }: WelcomeOrigin, { welcomes, epoch }: NewCommit): void {
    for (const { device, welcome } of welcomes)
      this.#connection.run(
        `INSERT INTO outbox (group_key, group_sequence, device, welcome, epoch, tree_hash, tree_size)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        groupKey,
        sequence,
        device,
        welcome,
        epoch + 1n,
        tree?.hash ?? null,
        tree?.size ?? null,
      );
  }
}

function toOutboxEntry(row: Row): OutboxEntry {
  return {
    groupId: bytes(row, 'group_id'),
    groupSequence: integer(row, 'group_sequence'),
    device: text(row, 'device'),
    welcome: bytes(row, 'welcome'),
    epoch: integer(row, 'epoch'),
    tree: optionalTree(row),
  };
}
