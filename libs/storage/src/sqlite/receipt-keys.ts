/**
 * The keys that sign receipts on SQLite.
 *
 * @module
 */
import type { ReceiptKey, ReceiptKeys } from '../receipt-keys.ts';
import type { SqliteConnection } from './connection.ts';
import { smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

/** Keys that sign receipts in one SQLite file. */
export class SqliteReceiptKeys implements ReceiptKeys {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async ensure(offered: ReceiptKey): Promise<ReceiptKey> {
    return this.#connection.commit(() => {
      const [newest] = this.#all();
      if (newest !== undefined) return newest;
      this.#insert(offered);
      return offered;
    });
  }

  async add(key: ReceiptKey): Promise<void> {
    return this.#connection.commit(() => this.#insert(key));
  }

  async all(): Promise<readonly ReceiptKey[]> {
    return this.#connection.read(() => this.#all());
  }

  #all(): readonly ReceiptKey[] {
    const rows = this.#connection.iterate(
      'SELECT kid, private_jwk, created_at_ms FROM receipt_key ORDER BY id DESC',
    );
    return Array.from(rows, toReceiptKey);
  }

  #insert({ kid, privateJwk, createdAtMs }: ReceiptKey): void {
    this.#connection.run(
      'INSERT OR IGNORE INTO receipt_key (kid, private_jwk, created_at_ms) VALUES (?, ?, ?)',
      kid,
      privateJwk,
      createdAtMs,
    );
  }
}

function toReceiptKey(row: Row): ReceiptKey {
  return {
    kid: text(row, 'kid'),
    privateJwk: text(row, 'private_jwk'),
    createdAtMs: smallInteger(row, 'created_at_ms'),
  };
}
