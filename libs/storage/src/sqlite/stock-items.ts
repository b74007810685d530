/**
 * The KeyPackages of a stock on SQLite.
 *
 * @module
 */
import { WITHDRAWAL_STEP } from '../single-use-stock.ts';
import type { NewStock, WithdrawnStock } from '../single-use-stock.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, smallInteger } from './row.ts';
import type { Row } from './row.ts';

/** KeyPackages of devices, which are named by their keys; every method is part of a step. */
export class SqliteStockItems {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Forgets what nobody may be given any more, and that it was consumed. */
  forgetExpired(key: bigint, nowMs: number): void {
    for (const table of ['stock_item', 'stock_consumed'])
      this.#connection.run(`DELETE FROM ${table} WHERE device_key = ? AND not_after_ms < ?`, key, nowMs);
  }

  /** Says what became of a KeyPackage that was here before. */
  find(key: bigint, ref: Uint8Array): 'alreadyStored' | 'alreadyConsumed' | undefined {
    if (this.#connection.get('SELECT 1 FROM stock_item WHERE device_key = ? AND ref = ?', key, ref))
      return 'alreadyStored';
    if (this.#connection.get('SELECT 1 FROM stock_consumed WHERE device_key = ? AND ref = ?', key, ref))
      return 'alreadyConsumed';
    return undefined;
  }

  singleUseCount(key: bigint): number {
    const row = this.#connection.get(
      'SELECT count(*) AS items FROM stock_item WHERE device_key = ? AND last_resort = 0',
      key,
    );
    return row === undefined ? 0 : smallInteger(row, 'items');
  }

  insert(key: bigint, capabilitiesKey: bigint, stock: NewStock): void {
    this.#connection.run(
      `INSERT INTO stock_item (device_key, ref, cipher_suite, capabilities_key, signature_key, last_resort,
         not_after_ms, key_package)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      stock.ref,
      stock.cipherSuite,
      capabilitiesKey,
      stock.signatureKey,
      stock.lastResort ? 1 : 0,
      stock.notAfterMs,
      stock.keyPackage,
    );
  }

  /** Takes one out for good. */
  consume(key: bigint, ref: Uint8Array): void {
    this.#connection.run(
      `INSERT INTO stock_consumed (device_key, ref, not_after_ms)
       SELECT device_key, ref, not_after_ms FROM stock_item WHERE device_key = ? AND ref = ?`,
      key,
      ref,
    );
    this.#connection.run('DELETE FROM stock_item WHERE device_key = ? AND ref = ?', key, ref);
  }

  /** Takes the last resort of a suite out for good, if there is one. */
  consumeLastResort(key: bigint, cipherSuite: number): void {
    const row = this.#connection.get(
      'SELECT ref FROM stock_item WHERE device_key = ? AND cipher_suite = ? AND last_resort = 1',
      key,
      cipherSuite,
    );
    if (row !== undefined) this.consume(key, bytes(row, 'ref'));
  }

  /** Counts that a last resort was handed out. */
  noteUse(key: bigint, ref: Uint8Array): void {
    this.#connection.run('UPDATE stock_item SET uses = uses + 1 WHERE device_key = ? AND ref = ?', key, ref);
  }

  /** Finds the single-use KeyPackage that expires first in any of some sets, else the last resort. */
  first(sets: readonly bigint[], lastResortOnly: boolean): Row | undefined {
    return this.#connection.get(
      `SELECT ref, key_package, last_resort, not_after_ms FROM stock_item
       WHERE capabilities_key IN (SELECT value FROM json_each(?)) AND last_resort >= ?
       ORDER BY last_resort, not_after_ms, ref LIMIT 1`,
      `[${sets.join()}]`,
      lastResortOnly ? 1 : 0,
    );
  }

  hasAny(key: bigint, cipherSuite: number): boolean {
    const query = 'SELECT 1 FROM stock_item WHERE device_key = ? AND cipher_suite = ? LIMIT 1';
    return this.#connection.get(query, key, cipherSuite) !== undefined;
  }

  /** Lists what a withdrawal takes out in its next step. */
  toWithdraw(key: bigint, withdrawn: WithdrawnStock): readonly Uint8Array[] {
    const { which } = withdrawn;
    const signatureKey = 'signatureKey' in withdrawn ? withdrawn.signatureKey : null;
    const rows = this.#connection.iterate(
      `SELECT ref FROM stock_item WHERE device_key = ?1
       AND CASE ?2 WHEN 'underKey' THEN signature_key = ?3 WHEN 'notUnderKey' THEN signature_key != ?3 ELSE 1 END
       LIMIT ?4`,
      key,
      which,
      signatureKey,
      WITHDRAWAL_STEP,
    );
    return Array.from(rows, (row) => bytes(row, 'ref'));
  }
}
