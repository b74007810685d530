/**
 * Application messages on their way to the Delivery Service.
 *
 * @module
 */
import type { Database } from './database.ts';
import { bytes, integer, type Row } from './row.ts';

/** A message that is encrypted and goes out under one request id until there is an answer. */
export interface OutgoingMessage {
  readonly requestId: Uint8Array;
  readonly epoch: bigint;
  /** An encoded MLSMessage. */
  readonly message: Uint8Array;
}

/** A message with its place in the order of sending. */
export interface StoredMessage extends OutgoingMessage {
  readonly position: bigint;
  /** What is in it, in case that it has to be encrypted again. */
  readonly data: Uint8Array;
}

/** The rows of outgoing messages. */
export class OutgoingStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a message at the end and gives its position. */
  add(conversation: string, { requestId, epoch, message }: OutgoingMessage, data: Uint8Array): bigint {
    return this.#database.run(
      'INSERT INTO outgoing (conversation, request_id, epoch, message, data) VALUES (?, ?, ?, ?, ?)',
      conversation,
      requestId,
      epoch,
      message,
      data,
    ).position;
  }

  /** The oldest messages of a conversation. */
  first(conversation: string, limit: number): readonly StoredMessage[] {
    const sql = 'SELECT * FROM outgoing WHERE conversation = ? ORDER BY position LIMIT ?';
    return this.#database.all(sql, conversation, limit).map(toStored);
  }

  /** Puts another encryption of the same data in the place of one that was definitely not accepted. */
  replace(position: bigint, { requestId, epoch, message }: OutgoingMessage): void {
    this.#database.run(
      'UPDATE outgoing SET request_id = ?, epoch = ?, message = ? WHERE position = ?',
      requestId,
      epoch,
      message,
      position,
    );
  }

  /** Forgets a message that has its answer. */
  delete(position: bigint): void {
    this.#database.run('DELETE FROM outgoing WHERE position = ?', position);
  }

  /** Forgets all messages of a conversation. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM outgoing WHERE conversation = ?', conversation);
  }
}

function toStored(row: Row): StoredMessage {
  return {
    position: integer(row, 'position'),
    requestId: bytes(row, 'request_id'),
    epoch: integer(row, 'epoch'),
    message: bytes(row, 'message'),
    data: bytes(row, 'data'),
  };
}
