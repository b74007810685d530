/**
 * The stock of KeyPackages on Redis.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import { CLAIM_REPEAT_WINDOW_MS } from '../single-use-stock.ts';
import type {
  ClaimRequest,
  DeviceClaim,
  NewStock,
  PutOutcome,
  SingleUseStock,
  StockCount,
} from '../single-use-stock.ts';
import { loadScript } from './connection.ts';
import type { RedisConnection } from './connection.ts';
import { claimKey, stockKeys, userDevicesKey } from './keys.ts';

const PUT = loadScript('put-stock');
const CLAIM = loadScript('claim-stock');
const COUNT = loadScript('count-stock');

/** Stocks of devices on one Redis or on a cluster. */
export class RedisSingleUseStock implements SingleUseStock {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async put(stock: NewStock): Promise<PutOutcome> {
    // In another slot, and first: a device listed without stock does no harm, stock of an unlisted device is never claimed.
    await this.#connection.addSorted(userDevicesKey(stock.user), stock.device);
    const keys = stockKeys(stock.device);
    const reply = await this.#connection.run(PUT, {
      keys: [keys.user, keys.stock, keys.keyPackages, keys.lastResorts, keys.consumed],
      arguments: [
        String(stock.nowMs),
        String(stock.cipherSuite),
        stock.ref,
        stock.keyPackage,
        stock.lastResort ? '1' : '0',
        String(stock.notAfterMs),
        String(stock.maxPerDevice),
        stock.user,
      ],
    });
    return { outcome: toPutOutcome(toText(reply)) };
  }

  async claim(request: ClaimRequest): Promise<readonly DeviceClaim[]> {
    const devices = [...new Set(request.devices)];
    return Promise.all(devices.map((device) => this.#claimOne(device, request)));
  }

  async devicesOf(user: string, limit: number): Promise<readonly string[]> {
    return this.#connection.firstSorted(userDevicesKey(user), limit);
  }

  async count(device: string, nowMs: number): Promise<readonly StockCount[]> {
    const keys = stockKeys(device);
    const reply = await this.#connection.run(COUNT, {
      keys: [keys.stock, keys.lastResorts],
      arguments: [String(nowMs)],
    });
    return toStockCounts(toList(reply).map(toText));
  }

  async #claimOne(device: string, request: ClaimRequest): Promise<DeviceClaim> {
    const keys = stockKeys(device);
    const reply = await this.#connection.run(CLAIM, {
      keys: [
        keys.user,
        keys.stock,
        keys.keyPackages,
        keys.lastResorts,
        keys.consumed,
        claimKey(device, request),
      ],
      arguments: [String(request.nowMs), String(request.cipherSuite), String(CLAIM_REPEAT_WINDOW_MS)],
    });
    return toClaim(device, toList(reply));
  }
}

function toClaim(device: string, [outcome, lastResort, keyPackage]: readonly unknown[]): DeviceClaim {
  const word = toText(outcome);
  if (word === 'unknownDevice' || word === 'exhausted') return { device, outcome: 'nothing', reason: word };
  if (word !== 'claimed' || !(keyPackage instanceof Uint8Array)) throw unexpected();
  return {
    device,
    outcome: 'claimed',
    // A view of its own: the client's buffer is larger than this reply.
    keyPackage: new Uint8Array(keyPackage),
    lastResort: toText(lastResort) === '1',
  };
}

function toStockCounts(flat: readonly string[]): readonly StockCount[] {
  const counts: StockCount[] = [];
  for (let i = 0; i + 2 < flat.length; i += 3)
    counts.push({
      cipherSuite: Number(flat[i]),
      singleUse: Number(flat[i + 1]),
      lastResort: flat[i + 2] === '1',
    });
  return counts;
}

function toPutOutcome(word: string): PutOutcome['outcome'] {
  if (word === 'stored' || word === 'alreadyStored' || word === 'alreadyConsumed' || word === 'full')
    return word;
  throw unexpected();
}

function toList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected();
  return reply;
}

function toText(reply: unknown): string {
  if (!Buffer.isBuffer(reply)) throw unexpected();
  return reply.toString('utf8');
}

function unexpected(): StorageError {
  return new StorageError('CORRUPT', 'a script answered with something else than it should');
}
