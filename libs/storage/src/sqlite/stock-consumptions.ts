/**
 * Who consumed what of a stock on SQLite.
 *
 * @module
 */
import type { Consumption, ConsumptionBounds, ConsumptionQuery } from '../single-use-stock.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, smallInteger, text, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** What is remembered of consumptions; every method is part of a step. */
export class SqliteStockConsumptions {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Remembers one, and forgets those that are beyond the bounds. */
  add(key: bigint, consumption: Omit<Consumption, 'sequence'>, bounds: ConsumptionBounds): void {
    const { caller, atMs, ref, cipherSuite, lastResort } = consumption;
    this.#connection.run(
      `INSERT INTO stock_consumption (device_key, caller, at_ms, ref, cipher_suite, last_resort)
       VALUES (?, ?, ?, ?, ?, ?)`,
      key,
      caller,
      atMs,
      ref,
      cipherSuite,
      lastResort ? 1 : 0,
    );
    this.#connection.run(
      `DELETE FROM stock_consumption WHERE device_key = ?1 AND (at_ms < ?2 OR sequence <=
         (SELECT sequence FROM stock_consumption WHERE device_key = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?3))`,
      key,
      atMs - bounds.maxAgeMs,
      bounds.maxEntries,
    );
  }

  /** Reads a page. */
  read({ device, afterSequence, limit, notBeforeMs }: ConsumptionQuery): readonly Consumption[] {
    const rows = this.#connection.iterate(
      `SELECT c.sequence, c.caller, c.at_ms, c.ref, c.cipher_suite, c.last_resort
       FROM stock_consumption c JOIN stock_device d ON d.id = c.device_key
       WHERE d.device = ? AND c.sequence > ? AND c.at_ms >= ? ORDER BY c.sequence LIMIT ?`,
      device,
      toInteger(afterSequence),
      notBeforeMs,
      limit,
    );
    return Array.from(rows, toConsumption);
  }
}

function toConsumption(row: Row): Consumption {
  return {
    sequence: integer(row, 'sequence'),
    caller: text(row, 'caller'),
    atMs: smallInteger(row, 'at_ms'),
    ref: bytes(row, 'ref'),
    cipherSuite: smallInteger(row, 'cipher_suite'),
    lastResort: integer(row, 'last_resort') === 1n,
  };
}
