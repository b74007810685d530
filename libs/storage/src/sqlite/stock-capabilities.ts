/**
 * Sets of capabilities in the stock on SQLite.
 *
 * @module
 */
import { MAX_CAPABILITY_SETS } from '../single-use-stock.ts';
import type { StockCapabilities } from '../single-use-stock.ts';
import { nameOfCapabilities } from '../stock-names.ts';
import type { SqliteConnection } from './connection.ts';
import { integer, smallInteger } from './row.ts';

/** A device's sets of one suite. */
export interface SuiteOfDevice {
  readonly key: bigint;
  readonly cipherSuite: number;
}

/** Which sets of capabilities there are; every method is part of a step. */
export class SqliteStockCapabilities {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Finds or makes a set; undefined when the device has too many others. */
  keyFor({ key, cipherSuite }: SuiteOfDevice, capabilities: StockCapabilities): bigint | undefined {
    const name = nameOfCapabilities(capabilities);
    const known = this.#find({ key, cipherSuite }, name);
    if (known !== undefined) return known;
    this.#forgetUnused(key);
    if (this.#count(key) >= MAX_CAPABILITY_SETS) return undefined;
    this.#connection.run(
      'INSERT INTO stock_capabilities (device_key, cipher_suite, capabilities) VALUES (?, ?, ?)',
      key,
      cipherSuite,
      name,
    );
    return this.#find({ key, cipherSuite }, name);
  }

  /** Lists the sets of a suite that have all that is required. */
  fitting({ key, cipherSuite }: SuiteOfDevice, required: StockCapabilities): readonly bigint[] {
    const rows = this.#connection.iterate(
      `SELECT id FROM stock_capabilities s WHERE device_key = ? AND cipher_suite = ? AND NOT EXISTS (
         SELECT 1 FROM json_each(?) AS list, json_each(list.value) AS wanted
         WHERE wanted.value NOT IN (SELECT value FROM json_each(s.capabilities, '$[' || list.key || ']')))`,
      key,
      cipherSuite,
      nameOfCapabilities(required),
    );
    return Array.from(rows, (row) => integer(row, 'id'));
  }

  #find({ key, cipherSuite }: SuiteOfDevice, name: string): bigint | undefined {
    const row = this.#connection.get(
      'SELECT id FROM stock_capabilities WHERE device_key = ? AND cipher_suite = ? AND capabilities = ?',
      key,
      cipherSuite,
      name,
    );
    return row === undefined ? undefined : integer(row, 'id');
  }

  #count(key: bigint): number {
    const row = this.#connection.get(
      'SELECT count(*) AS sets FROM stock_capabilities WHERE device_key = ?',
      key,
    );
    return row === undefined ? 0 : smallInteger(row, 'sets');
  }

  #forgetUnused(key: bigint): void {
    this.#connection.run(
      `DELETE FROM stock_capabilities WHERE device_key = ?
       AND NOT EXISTS (SELECT 1 FROM stock_item WHERE capabilities_key = stock_capabilities.id)`,
      key,
    );
  }
}
