/**
 * Groups, and the commits of them that are under way.
 *
 * @module
 */
import { wipe } from '@canopy/crypto';
import type { KeyAges, RecordChange, StateRecord } from '@canopy/mls';
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** Whether a group has begun at the Delivery Service, goes on, or is over for this device. */
export type ConversationStatus = 'creating' | 'active' | 'ended';

/** A group as it is kept, beside its records. */
export interface StoredConversation {
  readonly id: string;
  readonly status: ConversationStatus;
  /** The last entry of the log that the records have seen. */
  readonly cursor: bigint;
  /** Messages of epochs before were not for this device. */
  readonly joinedEpoch: bigint;
}

/** A commit that the Delivery Service may or may not have accepted. */
export interface StoredCommit {
  /** An encoded CommitBundle. */
  readonly bundle: Uint8Array;
  /** What it changes, as JSON. */
  readonly change: string;
  /** The encoded staged commit: what it makes of the group's state. */
  readonly staged: Uint8Array;
}

/** The rows of groups, their records and pending commits. */
export class ConversationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All groups, in the order in which they were first saved. */
  all(): readonly StoredConversation[] {
    return this.#database.all('SELECT * FROM conversation ORDER BY rowid').map(toStored);
  }

  /** Finds a group. */
  find(id: string): StoredConversation | undefined {
    const row = this.#database.get('SELECT * FROM conversation WHERE id = ?', id);
    return row && toStored(row);
  }

  /** All records of a group. */
  records(id: string): readonly StateRecord[] {
    const rows = this.#database.all('SELECT key, value FROM group_record WHERE conversation = ?', id);
    return rows.map((row) => ({ key: text(row, 'key'), value: bytes(row, 'value') }));
  }

  /** Saves a group that is new to this device, or new again. */
  create({ id, status, cursor, joinedEpoch }: StoredConversation, records: readonly RecordChange[]): void {
    this.#database.run(
      `INSERT INTO conversation VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status,
       cursor = excluded.cursor, joined_epoch = excluded.joined_epoch`,
      id,
      status,
      cursor,
      joinedEpoch,
    );
    this.#database.run('DELETE FROM group_record WHERE conversation = ?', id);
    this.saveRecords(id, records);
  }

  /** Saves what has changed in a group's state; the values are overwritten, the file has them now. */
  saveRecords(id: string, changes: readonly RecordChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) {
        this.#database.run('DELETE FROM group_record WHERE conversation = ? AND key = ?', id, key);
        continue;
      }
      this.#database.run(
        `INSERT INTO group_record VALUES (?, ?, ?) ON CONFLICT (conversation, key) DO UPDATE SET value = excluded.value`,
        id,
        key,
        value,
      );
      wipe(value);
    }
  }

  /** Moves the cursor. */
  moveCursor(id: string, cursor: bigint): void {
    this.#database.run('UPDATE conversation SET cursor = ? WHERE id = ?', cursor, id);
  }

  /** Moves a group on in its life. */
  setStatus(id: string, status: ConversationStatus): void {
    this.#database.run('UPDATE conversation SET status = ? WHERE id = ?', status, id);
  }

  /** Forgets a group that never began. */
  delete(id: string): void {
    this.#database.run('DELETE FROM group_record WHERE conversation = ?', id);
    this.#database.run('DELETE FROM conversation WHERE id = ?', id);
  }

  /** When the members' current keys were first seen, in seconds since 1970, by the key. */
  keyAges(id: string): KeyAges {
    const rows = this.#database.all('SELECT encryption_key, seen_at FROM key_age WHERE conversation = ?', id);
    return new Map(rows.map((row) => [text(row, 'encryption_key'), integer(row, 'seen_at')]));
  }

  /** Keeps when keys were first seen, and forgets those that nobody has any more. */
  saveKeyAges(id: string, ages: KeyAges): void {
    this.#database.run('DELETE FROM key_age WHERE conversation = ?', id);
    for (const [key, seenAt] of ages)
      this.#database.run('INSERT INTO key_age VALUES (?, ?, ?)', id, key, seenAt);
  }

  /** The commit of a group that is under way. */
  pendingCommit(id: string): StoredCommit | undefined {
    const row = this.#database.get('SELECT * FROM pending_commit WHERE conversation = ?', id);
    return row && { bundle: bytes(row, 'bundle'), change: text(row, 'change'), staged: bytes(row, 'staged') };
  }

  /** Saves a commit before it is sent. */
  savePendingCommit(id: string, { bundle, change, staged }: StoredCommit): void {
    this.#database.run('INSERT INTO pending_commit VALUES (?, ?, ?, ?)', id, bundle, change, staged);
  }

  /** Forgets the commit that was under way. */
  deletePendingCommit(id: string): void {
    this.#database.run('DELETE FROM pending_commit WHERE conversation = ?', id);
  }
}

function toStored(row: Row): StoredConversation {
  return {
    id: text(row, 'id'),
    status: toStatus(text(row, 'status')),
    cursor: integer(row, 'cursor'),
    joinedEpoch: integer(row, 'joined_epoch'),
  };
}

function toStatus(word: string): ConversationStatus {
  return word === 'creating' || word === 'active' ? word : 'ended';
}
