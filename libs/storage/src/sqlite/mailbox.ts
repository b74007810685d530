/**
 * Mailboxes on SQLite.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type {
  DeliverOutcome,
  DeliveryLimits,
  Mailbox,
  MailboxRetention,
  MailboxEntry,
  MailboxQuery,
  NewMailboxEntry,
} from '../mailbox.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { SqliteConnection } from './connection.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import { takePage } from './page.ts';
import { bytes, integer, smallInteger, toInteger } from './row.ts';
import type { Row } from './row.ts';
import { optionalTree } from './trees.ts';
import { LogWakeUps } from './log-wake-ups.ts';

/** Mailboxes in one SQLite file. */
export class SqliteMailbox implements Mailbox {
  readonly #connection: SqliteConnection;
  readonly #wakeUps: LogWakeUps;

  constructor(connection: SqliteConnection, foreignWrites: ForeignWrites) {
    this.#connection = connection;
    this.#wakeUps = new LogWakeUps(foreignWrites, (device) => this.#lastSequence(device));
  }

  async deliver(entry: NewMailboxEntry, { nowMs, maxEntries }: DeliveryLimits): Promise<DeliverOutcome> {
    const answer = await this.#connection.commit((): DeliverOutcome => {
      const earlier = this.#findDelivery(entry);
      if (earlier !== undefined) return { outcome: 'alreadyDelivered', sequence: earlier };
      if (this.#length(entry.device) >= maxEntries) return { outcome: 'full' };
      return { outcome: 'delivered', sequence: this.#insert(entry, nowMs) };
    });
    if (answer.outcome === 'delivered') this.#wakeUps.wake(entry.device, answer.sequence);
    return answer;
  }

  async read(query: MailboxQuery): Promise<readonly MailboxEntry[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT e.sequence, e.group_id, e.group_sequence, e.welcome, e.epoch, e.tree_hash, e.tree_size
         FROM mailbox_entry e JOIN mailbox m ON m.id = e.mailbox_key
         WHERE m.device = ? AND e.sequence > ? ORDER BY e.sequence LIMIT ?`,
        query.device,
        toInteger(query.afterSequence),
        query.limit,
      );
      return takePage(rows, query.maxBytes, toMailboxEntry, (entry) => entry.welcome.length);
    });
  }

  async lastSequence(device: string): Promise<bigint> {
    return this.#connection.read(() => this.#lastSequence(device));
  }

  async acknowledge(device: string, upTo: bigint): Promise<void> {
    return this.#connection.commit(() => {
      if (upTo > this.#lastSequence(device)) return;
      this.#connection.run(
        'DELETE FROM mailbox_entry WHERE mailbox_key = (SELECT id FROM mailbox WHERE device = ?) AND sequence <= ?',
        device,
        toInteger(upTo),
      );
    });
  }

  async prune({ nowMs, maxAgeMs, budget }: MailboxRetention): Promise<number> {
    return this.#connection.commit(() =>
      this.#connection.run(
        `DELETE FROM mailbox_entry WHERE rowid IN
           (SELECT rowid FROM mailbox_entry WHERE delivered_at_ms < ? ORDER BY delivered_at_ms, sequence LIMIT ?)`,
        nowMs - maxAgeMs,
        budget,
      ),
    );
  }

  onDeliver(device: string, listener: WakeUp): Unsubscribe {
    return this.#wakeUps.on(device, listener);
  }

  #lastSequence(device: string): bigint {
    const row = this.#connection.get('SELECT last_sequence FROM mailbox WHERE device = ?', device);
    return row === undefined ? 0n : integer(row, 'last_sequence');
  }

  #length(device: string): number {
    const row = this.#connection.get(
      'SELECT count(*) AS length FROM mailbox_entry WHERE mailbox_key = (SELECT id FROM mailbox WHERE device = ?)',
      device,
    );
    return row === undefined ? 0 : smallInteger(row, 'length');
  }

  #findDelivery(entry: NewMailboxEntry): bigint | undefined {
    const row = this.#connection.get(
      `SELECT d.sequence FROM mailbox_delivery d JOIN mailbox m ON m.id = d.mailbox_key
       WHERE m.device = ? AND d.group_id = ? AND d.group_sequence = ?`,
      entry.device,
      entry.groupId,
      entry.groupSequence,
    );
    return row === undefined ? undefined : integer(row, 'sequence');
  }

  #insert(entry: NewMailboxEntry, nowMs: number): bigint {
    const { key, sequence } = this.#nextSequence(entry.device);
    this.#connection.run(
      'INSERT INTO mailbox_delivery (mailbox_key, group_id, group_sequence, sequence) VALUES (?, ?, ?, ?)',
      key,
      entry.groupId,
      entry.groupSequence,
      sequence,
    );
    this.#connection.run(
      `INSERT INTO mailbox_entry
         (mailbox_key, sequence, group_id, group_sequence, welcome, epoch, tree_hash, tree_size, delivered_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      sequence,
      entry.groupId,
      entry.groupSequence,
      entry.welcome,
      entry.epoch,
      entry.tree?.hash ?? null,
      entry.tree?.size ?? null,
      nowMs,
    );
    return sequence;
  }

  #nextSequence(device: string): { readonly key: bigint; readonly sequence: bigint } {
    const row = this.#connection.get(
      `INSERT INTO mailbox (device, last_sequence) VALUES (?, 1)
       ON CONFLICT (device) DO UPDATE SET last_sequence = last_sequence + 1 RETURNING id, last_sequence`,
      device,
    );
    if (row === undefined) throw new StorageError('CORRUPT', 'a mailbox without a sequence number');
    return { key: integer(row, 'id'), sequence: integer(row, 'last_sequence') };
  }
}

function toMailboxEntry(row: Row): MailboxEntry {
  return {
    sequence: integer(row, 'sequence'),
    groupId: bytes(row, 'group_id'),
    groupSequence: integer(row, 'group_sequence'),
    welcome: bytes(row, 'welcome'),
    epoch: integer(row, 'epoch'),
    tree: optionalTree(row),
  };
}
