/**
 * Groups, and the commits of them that are under way.
 *
 * @module
 */
import { encodeRatchets, encodeState, type EncodedState, type GroupState } from '@canopy/mls';
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** Whether a group has begun at the Delivery Service, goes on, or is over for this device. */
export type ConversationStatus = 'creating' | 'active' | 'ended';

/** A group as it is kept. */
export interface StoredConversation extends EncodedState {
  readonly id: string;
  readonly status: ConversationStatus;
  /** The last entry of the log that state and ratchets have seen. */
  readonly cursor: bigint;
  /** Messages of epochs before were not for this device. */
  readonly joinedEpoch: bigint;
}

/** A commit that the Delivery Service may or may not have accepted. */
export interface StoredCommit extends EncodedState {
  /** An encoded CommitBundle. */
  readonly bundle: Uint8Array;
  /** What it changes, as JSON. */
  readonly change: string;
}

/** The rows of groups and pending commits. */
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

  /** Saves a group that is new to this device, or new again. */
  create(conversation: Omit<StoredConversation, keyof EncodedState>, state: GroupState): void {
    const { id, status, cursor, joinedEpoch } = conversation;
    this.#database.run(
      `INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status,
       cursor = excluded.cursor, joined_epoch = excluded.joined_epoch, state = excluded.state, ratchets = excluded.ratchets`,
      id,
      status,
      cursor,
      joinedEpoch,
      encodeState(state),
      encodeRatchets(state),
    );
  }

  /** Saves what a commit or a proposal changed; both parts are of one epoch. */
  saveState(id: string, state: GroupState): void {
    this.#database.run(
      'UPDATE conversation SET state = ?, ratchets = ? WHERE id = ?',
      encodeState(state),
      encodeRatchets(state),
      id,
    );
  }

  /** Saves what every message changes. */
  saveRatchets(id: string, state: GroupState): void {
    this.#database.run('UPDATE conversation SET ratchets = ? WHERE id = ?', encodeRatchets(state), id);
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
    this.#database.run('DELETE FROM conversation WHERE id = ?', id);
  }

  /** The commit of a group that is under way. */
  pendingCommit(id: string): StoredCommit | undefined {
    const row = this.#database.get('SELECT * FROM pending_commit WHERE conversation = ?', id);
    return row && { bundle: bytes(row, 'bundle'), change: text(row, 'change'), ...encodedState(row) };
  }

  /** Saves a commit before it is sent. */
  savePendingCommit(id: string, { bundle, change, state, ratchets }: StoredCommit): void {
    const sql = 'INSERT INTO pending_commit VALUES (?, ?, ?, ?, ?)';
    this.#database.run(sql, id, bundle, change, state, ratchets);
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
    ...encodedState(row),
  };
}

function encodedState(row: Row): EncodedState {
  return { state: bytes(row, 'state'), ratchets: bytes(row, 'ratchets') };
}

function toStatus(word: string): ConversationStatus {
  return word === 'creating' || word === 'active' ? word : 'ended';
}
