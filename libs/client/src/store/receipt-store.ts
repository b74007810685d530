/**
 * Receipts of the Delivery Service, the keys that verify them, and what it takes to hand lost commits in again.
 *
 * @module
 */
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** The receipt for the commit that ended an epoch. */
export interface StoredReceipt {
  readonly epoch: bigint;
  /** Where the commit stands in the log. */
  readonly sequence: bigint;
  readonly jws: string;
}

/** What stands for an epoch towards the service when its own memory of it is gone. */
export interface StoredEpoch {
  /** An encoded MLSMessage. */
  readonly groupInfo: Uint8Array;
  readonly ratchetTree: Uint8Array;
  readonly accessPrivateKey: Uint8Array;
}

/** Two statements of the service that cannot both be true. */
export interface Evidence {
  readonly conversation: string;
  readonly receipts: readonly [string, string];
}

/** Of so many commits receipts are kept; of so many epochs what it takes to restore them. */
const MAX_RECEIPTS = 64n;
const MAX_EPOCHS = 4n;

/** The rows of receipts and what goes with them. */
export class ReceiptStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps a receipt, and forgets the oldest. */
  save(conversation: string, { epoch, sequence, jws }: StoredReceipt): void {
    this.#database.run(
      'INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?)',
      conversation,
      epoch,
      sequence,
      jws,
    );
    this.#database.run(
      'DELETE FROM receipt WHERE conversation = ? AND epoch <= ?',
      conversation,
      epoch - MAX_RECEIPTS,
    );
  }

  /** The receipt for the commit that ended an epoch. */
  find(conversation: string, epoch: bigint): StoredReceipt | undefined {
    const sql = 'SELECT * FROM receipt WHERE conversation = ? AND epoch = ?';
    const row = this.#database.get(sql, conversation, epoch);
    return row && toReceipt(row);
  }

  /** The receipt for the last commit. */
  newest(conversation: string): StoredReceipt | undefined {
    const sql = 'SELECT * FROM receipt WHERE conversation = ? ORDER BY epoch DESC LIMIT 1';
    const row = this.#database.get(sql, conversation);
    return row && toReceipt(row);
  }

  /** The receipts for commits after a place in the log, in their order. */
  after(conversation: string, sequence: bigint): readonly StoredReceipt[] {
    const sql = 'SELECT * FROM receipt WHERE conversation = ? AND sequence > ? ORDER BY epoch';
    return this.#database.all(sql, conversation, sequence).map(toReceipt);
  }

  /** Keeps what stands for an epoch that is over, and forgets the oldest. */
  saveEpoch(
    conversation: string,
    epoch: bigint,
    { groupInfo, ratchetTree, accessPrivateKey }: StoredEpoch,
  ): void {
    this.#database.run(
      'INSERT OR REPLACE INTO past_epoch VALUES (?, ?, ?, ?, ?)',
      conversation,
      epoch,
      groupInfo,
      ratchetTree,
      accessPrivateKey,
    );
    this.#database.run(
      'DELETE FROM past_epoch WHERE conversation = ? AND epoch <= ?',
      conversation,
      epoch - MAX_EPOCHS,
    );
  }

  /** What stands for an epoch that is over. */
  findEpoch(conversation: string, epoch: bigint): StoredEpoch | undefined {
    const sql = 'SELECT * FROM past_epoch WHERE conversation = ? AND epoch = ?';
    const row = this.#database.get(sql, conversation, epoch);
    return (
      row && {
        groupInfo: bytes(row, 'group_info'),
        ratchetTree: bytes(row, 'ratchet_tree'),
        accessPrivateKey: bytes(row, 'access_private_key'),
      }
    );
  }

  /** The keys that verify receipts, as JSON Web Keys by their ids. */
  keys(): ReadonlyMap<string, string> {
    const rows = this.#database.all('SELECT kid, jwk FROM receipt_key');
    return new Map(rows.map((row) => [text(row, 'kid'), text(row, 'jwk')]));
  }

  /** Keeps a key for good. */
  saveKey(kid: string, jwk: string): void {
    this.#database.run('INSERT OR IGNORE INTO receipt_key VALUES (?, ?)', kid, jwk);
  }

  /** Keeps evidence for good; says whether it is new. */
  saveEvidence({ conversation, receipts: [one, other] }: Evidence): boolean {
    const sql = 'INSERT OR IGNORE INTO evidence (conversation, one, other) VALUES (?, ?, ?)';
    return this.#database.run(sql, conversation, one, other).changes > 0n;
  }

  /** All evidence. */
  evidence(): readonly Evidence[] {
    return this.#database.all('SELECT * FROM evidence ORDER BY position').map((row) => ({
      conversation: text(row, 'conversation'),
      receipts: [text(row, 'one'), text(row, 'other')],
    }));
  }

  /** Forgets the receipts and epochs of a conversation, though no evidence. */
  deleteAll(conversation: string): void {
    this.#database.run('DELETE FROM receipt WHERE conversation = ?', conversation);
    this.#database.run('DELETE FROM past_epoch WHERE conversation = ?', conversation);
  }
}

function toReceipt(row: Row): StoredReceipt {
  return { epoch: integer(row, 'epoch'), sequence: integer(row, 'sequence'), jws: text(row, 'jws') };
}
