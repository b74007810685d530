/**
 * The stock of KeyPackages on SQLite.
 *
 * @module
 */
import { CLAIM_REPEAT_WINDOW_MS } from '../single-use-stock.ts';
import type {
  ClaimRequest,
  DeviceClaim,
  NewStock,
  PutOutcome,
  SingleUseStock,
  StockCount,
} from '../single-use-stock.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

/** Stocks of devices in one SQLite file. */
export class SqliteSingleUseStock implements SingleUseStock {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async put(stock: NewStock): Promise<PutOutcome> {
    return this.#connection.write(() => {
      const key = this.#deviceKey(stock);
      this.#forgetExpired(key, stock.nowMs);
      const known = this.#findRef(key, stock.ref);
      if (known !== undefined) return { outcome: known };
      if (stock.lastResort) this.#retireLastResort(key, stock.cipherSuite);
      else if (this.#singleUseCount(key) >= stock.maxPerDevice) return { outcome: 'full' };
      this.#insert(key, stock);
      return { outcome: 'stored' };
    });
  }

  async claim(request: ClaimRequest): Promise<readonly DeviceClaim[]> {
    const devices = [...new Set(request.devices)];
    return this.#connection.write(() => devices.map((device) => this.#claimOne(device, request)));
  }

  async devicesOf(user: string, limit: number): Promise<readonly string[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        'SELECT device FROM stock_device WHERE user = ? ORDER BY device LIMIT ?',
        user,
        limit,
      );
      return Array.from(rows, (row) => text(row, 'device'));
    });
  }

  async count(device: string, nowMs: number): Promise<readonly StockCount[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT i.cipher_suite, sum(i.last_resort = 0) AS single_use, max(i.last_resort) AS last_resort
         FROM stock_item i JOIN stock_device d ON d.id = i.device_key
         WHERE d.device = ? AND i.not_after_ms >= ? GROUP BY i.cipher_suite ORDER BY i.cipher_suite`,
        device,
        nowMs,
      );
      return Array.from(rows, toStockCount);
    });
  }

  #deviceKey(stock: NewStock): bigint {
    const { device, user } = stock;
    const known = this.#findDevice(device);
    if (known !== undefined) return known;
    this.#connection.run('INSERT INTO stock_device (device, user) VALUES (?, ?)', device, user);
    return this.#deviceKey(stock);
  }

  #findDevice(device: string): bigint | undefined {
    const row = this.#connection.get('SELECT id FROM stock_device WHERE device = ?', device);
    return row === undefined ? undefined : integer(row, 'id');
  }

  #forgetExpired(key: bigint, nowMs: number): void {
    for (const table of ['stock_item', 'stock_consumed'])
      this.#connection.run(`DELETE FROM ${table} WHERE device_key = ? AND not_after_ms < ?`, key, nowMs);
    this.#connection.run('DELETE FROM stock_claim WHERE device_key = ? AND expires_at_ms < ?', key, nowMs);
  }

  #findRef(key: bigint, ref: Uint8Array): 'alreadyStored' | 'alreadyConsumed' | undefined {
    if (this.#connection.get('SELECT 1 FROM stock_item WHERE device_key = ? AND ref = ?', key, ref))
      return 'alreadyStored';
    if (this.#connection.get('SELECT 1 FROM stock_consumed WHERE device_key = ? AND ref = ?', key, ref))
      return 'alreadyConsumed';
    return undefined;
  }

  #singleUseCount(key: bigint): number {
    const row = this.#connection.get(
      'SELECT count(*) AS items FROM stock_item WHERE device_key = ? AND last_resort = 0',
      key,
    );
    return row === undefined ? 0 : smallInteger(row, 'items');
  }

  #retireLastResort(key: bigint, cipherSuite: number): void {
    const row = this.#connection.get(
      'SELECT ref FROM stock_item WHERE device_key = ? AND cipher_suite = ? AND last_resort = 1',
      key,
      cipherSuite,
    );
    if (row !== undefined) this.#consume(key, bytes(row, 'ref'));
  }

  #consume(key: bigint, ref: Uint8Array): void {
    this.#connection.run(
      `INSERT INTO stock_consumed (device_key, ref, not_after_ms)
       SELECT device_key, ref, not_after_ms FROM stock_item WHERE device_key = ? AND ref = ?`,
      key,
      ref,
    );
    this.#connection.run('DELETE FROM stock_item WHERE device_key = ? AND ref = ?', key, ref);
  }

  #insert(key: bigint, stock: NewStock): void {
    this.#connection.run(
      `INSERT INTO stock_item (device_key, ref, cipher_suite, last_resort, not_after_ms, key_package)
       VALUES (?, ?, ?, ?, ?, ?)`,
      key,
      stock.ref,
      stock.cipherSuite,
      stock.lastResort ? 1 : 0,
      stock.notAfterMs,
      stock.keyPackage,
    );
  }

  #claimOne(device: string, request: ClaimRequest): DeviceClaim {
    const key = this.#findDevice(device);
    if (key === undefined) return { device, outcome: 'nothing', reason: 'unknownDevice' };
    this.#forgetExpired(key, request.nowMs);
    const earlier = this.#findClaim(key, request);
    if (earlier !== undefined) return toClaim(device, earlier);
    const item = this.#firstToExpire(key, request.cipherSuite);
    if (item === undefined) return { device, outcome: 'nothing', reason: 'exhausted' };
    this.#recordClaim(key, request, item);
    if (integer(item, 'last_resort') === 0n) this.#consume(key, bytes(item, 'ref'));
    return toClaim(device, item);
  }

  #findClaim(key: bigint, request: ClaimRequest): Row | undefined {
    return this.#connection.get(
      `SELECT key_package, last_resort FROM stock_claim
       WHERE device_key = ? AND caller = ? AND request_id = ? AND cipher_suite = ?`,
      key,
      request.caller,
      request.requestId,
      request.cipherSuite,
    );
  }

  #firstToExpire(key: bigint, cipherSuite: number): Row | undefined {
    return this.#connection.get(
      `SELECT ref, key_package, last_resort, not_after_ms FROM stock_item
       WHERE device_key = ? AND cipher_suite = ? ORDER BY last_resort, not_after_ms, ref LIMIT 1`,
      key,
      cipherSuite,
    );
  }

  #recordClaim(key: bigint, request: ClaimRequest, item: Row): void {
    // An answer that has expired meanwhile is of no use to anybody: the repeated claim takes another one then.
    const expiresAtMs = Math.min(request.nowMs + CLAIM_REPEAT_WINDOW_MS, smallInteger(item, 'not_after_ms'));
    this.#connection.run(
      `INSERT INTO stock_claim
         (device_key, caller, request_id, cipher_suite, expires_at_ms, last_resort, key_package)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      key,
      request.caller,
      request.requestId,
      request.cipherSuite,
      expiresAtMs,
      integer(item, 'last_resort'),
      bytes(item, 'key_package'),
    );
  }
}

function toClaim(device: string, row: Row): DeviceClaim {
  return {
    device,
    outcome: 'claimed',
    keyPackage: bytes(row, 'key_package'),
    lastResort: integer(row, 'last_resort') === 1n,
  };
}

function toStockCount(row: Row): StockCount {
  return {
    cipherSuite: smallInteger(row, 'cipher_suite'),
    singleUse: smallInteger(row, 'single_use'),
    lastResort: integer(row, 'last_resort') === 1n,
  };
}
