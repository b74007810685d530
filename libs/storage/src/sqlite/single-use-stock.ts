/**
 * The stock of KeyPackages on SQLite.
 *
 * @module
 */
import { CLAIM_REPEAT_WINDOW_MS, WITHDRAWAL_STEP } from '../single-use-stock.ts';
import type {
  ClaimRequest,
  Consumption,
  ConsumptionQuery,
  DeviceClaim,
  NewStock,
  PutOutcome,
  SingleUseStock,
  StockCount,
  Withdrawal,
} from '../single-use-stock.ts';
import { nameOfClaim } from '../stock-names.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { SqliteConnection } from './connection.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import { LogWakeUps } from './log-wake-ups.ts';
import { bytes, integer, smallInteger, text } from './row.ts';
import type { Row } from './row.ts';
import { SqliteStockCapabilities } from './stock-capabilities.ts';
import { SqliteStockConsumptions } from './stock-consumptions.ts';
import { SqliteStockItems } from './stock-items.ts';

/** A device as its rows name it. */
interface KnownDevice {
  readonly key: bigint;
  readonly revoked: boolean;
}

/** Stocks of devices in one SQLite file. */
export class SqliteSingleUseStock implements SingleUseStock {
  readonly #connection: SqliteConnection;
  readonly #items: SqliteStockItems;
  readonly #capabilities: SqliteStockCapabilities;
  readonly #consumptions: SqliteStockConsumptions;
  readonly #wakeUps: LogWakeUps;

  constructor(connection: SqliteConnection, foreignWrites: ForeignWrites) {
    this.#connection = connection;
    this.#wakeUps = new LogWakeUps(foreignWrites, (device) => this.#changesOf(device));
    this.#items = new SqliteStockItems(connection);
    this.#capabilities = new SqliteStockCapabilities(connection);
    this.#consumptions = new SqliteStockConsumptions(connection);
  }

  async put(stock: NewStock): Promise<PutOutcome> {
    const outcome = await this.#connection.commit(() => this.#put(stock));
    this.#wake([stock.device]);
    return outcome;
  }

  async claim(request: ClaimRequest): Promise<readonly DeviceClaim[]> {
    const devices = [...new Set(request.devices)];
    const claims = await this.#connection.commit(() =>
      devices.map((device) => this.#claimOne(device, request)),
    );
    this.#wake(devices);
    return claims;
  }

  async repeatsOf(request: ClaimRequest): Promise<ReadonlySet<string>> {
    return this.#connection.read(() => {
      const repeats = request.devices.filter((device) => {
        const known = this.#findDevice(device);
        return known !== undefined && !known.revoked && this.#findClaim(known.key, request) !== undefined;
      });
      return new Set(repeats);
    });
  }

  async devicesOf(user: string, limit: number): Promise<readonly string[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        'SELECT device FROM stock_device WHERE user = ? AND revoked = 0 ORDER BY device LIMIT ?',
        user,
        limit,
      );
      return Array.from(rows, (row) => text(row, 'device'));
    });
  }

  async count(device: string, nowMs: number): Promise<readonly StockCount[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT i.cipher_suite, sum(i.last_resort = 0) AS single_use, max(i.last_resort) AS last_resort,
           sum(i.uses) AS uses
         FROM stock_item i JOIN stock_device d ON d.id = i.device_key
         WHERE d.device = ? AND i.not_after_ms >= ? GROUP BY i.cipher_suite ORDER BY i.cipher_suite`,
        device,
        nowMs,
      );
      return Array.from(rows, toStockCount);
    });
  }

  async withdraw(withdrawal: Withdrawal): Promise<number> {
    let withdrawn = 0;
    for (;;) {
      const step = await this.#connection.commit(() => this.#withdrawStep(withdrawal));
      withdrawn += step;
      if (step < WITHDRAWAL_STEP) break;
    }
    this.#wake([withdrawal.device]);
    return withdrawn;
  }

  async consumptions(query: ConsumptionQuery): Promise<readonly Consumption[]> {
    return this.#connection.read(() => this.#consumptions.read(query));
  }

  onChange(device: string, wakeUp: WakeUp): Unsubscribe {
    return this.#wakeUps.on(device, wakeUp);
  }

  #put(stock: NewStock): PutOutcome {
    const { key, revoked } = this.#device(stock);
    if (revoked) return { outcome: 'revoked' };
    this.#forgetExpired(key, stock.nowMs);
    const known = this.#items.find(key, stock.ref);
    if (known !== undefined) return { outcome: known };
    if (!stock.lastResort && this.#items.singleUseCount(key) >= stock.maxPerDevice)
      return { outcome: 'full' };
    const capabilities = this.#capabilities.keyFor({ ...stock, key }, stock.capabilities);
    if (capabilities === undefined) return { outcome: 'tooManyCapabilitySets' };
    if (stock.lastResort) this.#items.consumeLastResort(key, stock.cipherSuite);
    this.#items.insert(key, capabilities, stock);
    this.#noteChange(key);
    return { outcome: 'stored' };
  }

  #device(stock: NewStock): KnownDevice {
    const { device, user } = stock;
    const known = this.#findDevice(device);
    if (known !== undefined) return known;
    this.#connection.run('INSERT INTO stock_device (device, user) VALUES (?, ?)', device, user);
    return this.#device(stock);
  }

  #findDevice(device: string): KnownDevice | undefined {
    const row = this.#connection.get('SELECT id, revoked FROM stock_device WHERE device = ?', device);
    return row === undefined
      ? undefined
      : { key: integer(row, 'id'), revoked: integer(row, 'revoked') === 1n };
  }

  #forgetExpired(key: bigint, nowMs: number): void {
    this.#items.forgetExpired(key, nowMs);
    this.#connection.run('DELETE FROM stock_claim WHERE device_key = ? AND expires_at_ms < ?', key, nowMs);
  }

  #claimOne(device: string, request: ClaimRequest): DeviceClaim {
    const known = this.#findDevice(device);
    if (known === undefined) return { device, outcome: 'nothing', reason: 'unknownDevice' };
    if (known.revoked) return { device, outcome: 'nothing', reason: 'revoked' };
    const { key } = known;
    this.#forgetExpired(key, request.nowMs);
    const earlier = this.#findClaim(key, request);
    if (earlier !== undefined) return toClaim(device, earlier);
    const sets = this.#capabilities.fitting({ ...request, key }, request.required);
    const item = this.#items.first(sets, request.lastResortOnly?.has(device) === true);
    if (item !== undefined) {
      this.#handOut(key, request, item);
      return toClaim(device, item);
    }
    const fits = this.#items.first(sets, false) !== undefined;
    const lacks = !fits && this.#items.hasAny(key, request.cipherSuite);
    return { device, outcome: 'nothing', reason: lacks ? 'noneFits' : 'exhausted' };
  }

  #findClaim(key: bigint, request: ClaimRequest): Row | undefined {
    return this.#connection.get(
      `SELECT key_package, last_resort FROM stock_claim
       WHERE device_key = ? AND claim = ? AND expires_at_ms >= ?`,
      key,
      nameOfClaim(request),
      request.nowMs,
    );
  }

  #handOut(key: bigint, request: ClaimRequest, item: Row): void {
    const { caller, cipherSuite, nowMs } = request;
    const ref = bytes(item, 'ref');
    const lastResort = integer(item, 'last_resort') === 1n;
    this.#recordClaim(key, request, item);
    this.#consumptions.add(key, { caller, atMs: nowMs, ref, cipherSuite, lastResort }, request.remember);
    if (lastResort) this.#items.noteUse(key, ref);
    else this.#items.consume(key, ref);
    this.#noteChange(key);
  }

  #recordClaim(key: bigint, request: ClaimRequest, item: Row): void {
    // An answer that has expired meanwhile is of no use to anybody: the repeated claim takes another one then.
    const expiresAtMs = Math.min(request.nowMs + CLAIM_REPEAT_WINDOW_MS, smallInteger(item, 'not_after_ms'));
    this.#connection.run(
      `INSERT INTO stock_claim (device_key, claim, expires_at_ms, last_resort, key_package)
       VALUES (?, ?, ?, ?, ?)`,
      key,
      nameOfClaim(request),
      expiresAtMs,
      integer(item, 'last_resort'),
      bytes(item, 'key_package'),
    );
  }

  #withdrawStep(withdrawal: Withdrawal): number {
    const known = this.#findDevice(withdrawal.device);
    if (known === undefined) return 0;
    const { key } = known;
    this.#forgetExpired(key, withdrawal.nowMs);
    if (withdrawal.which === 'revoked')
      this.#connection.run('UPDATE stock_device SET revoked = 1 WHERE id = ?', key);
    this.#connection.run('DELETE FROM stock_claim WHERE device_key = ?', key);
    const refs = this.#items.toWithdraw(key, withdrawal);
    for (const ref of refs) this.#items.consume(key, ref);
    this.#noteChange(key);
    return refs.length;
  }

  #noteChange(key: bigint): void {
    this.#connection.run('UPDATE stock_device SET changes = changes + 1 WHERE id = ?', key);
  }

  #changesOf(device: string): bigint {
    const row = this.#connection.get('SELECT changes FROM stock_device WHERE device = ?', device);
    return row === undefined ? 0n : integer(row, 'changes');
  }

  #wake(devices: readonly string[]): void {
    // Closing answers what was asked for: then nobody listens any more.
    if (!this.#connection.isOpen) return;
    for (const device of devices) this.#wakeUps.wake(device, this.#changesOf(device));
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
    lastResortUses: smallInteger(row, 'uses'),
  };
}
