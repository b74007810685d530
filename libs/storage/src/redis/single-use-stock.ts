/**
 * The stock of KeyPackages on Redis.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { CLAIM_REPEAT_WINDOW_MS, MAX_CAPABILITY_SETS, WITHDRAWAL_STEP } from '../single-use-stock.ts';
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
import { nameOfCapabilities, nameOfClaim } from '../stock-names.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { RedisConnection } from './connection.ts';
import { claimKey, stockKeys, userDevicesKey } from './keys.ts';
import type { StockKeys } from './keys.ts';
import { toText } from './reply.ts';
import { loadScript } from './script.ts';
import { toClaim, toConsumptions, toPutOutcome, toStockCounts, toWithdrawalStep } from './stock-replies.ts';

const PUT = loadScript('put-stock');
const CLAIM = loadScript('claim-stock');
const REPEATS = loadScript('repeats-stock');
const COUNT = loadScript('count-stock');
const WITHDRAW = loadScript('withdraw-stock');
const CONSUMPTIONS = loadScript('consumptions-stock');
const UNLIST = loadScript('unlist-stock');

/** Stocks of devices on one Redis or on a cluster. */
export class RedisSingleUseStock implements SingleUseStock {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async put(stock: NewStock): Promise<PutOutcome> {
    // In another slot, and first: a device listed without stock does no harm, stock of an unlisted device is never claimed.
    await this.#connection.addSorted(userDevicesKey(stock.user), stock.device);
    const capabilities = nameOfCapabilities(stock.capabilities);
    const reply = await this.#connection.run(PUT, {
      keys: allOf(stockKeys(stock.device)),
      arguments: [
        padded(stock.nowMs),
        String(stock.cipherSuite),
        shortHash(capabilities),
        capabilities,
        shortHash(stock.signatureKey),
        stock.ref,
        stock.keyPackage,
        stock.lastResort ? '1' : '0',
        padded(stock.notAfterMs),
        String(stock.maxPerDevice),
        stock.user,
        String(MAX_CAPABILITY_SETS),
      ],
    });
    const outcome = toPutOutcome(toText(reply));
    if (outcome === 'revoked') await this.#unlist(stock.user, stock.device);
    return { outcome };
  }

  async claim(request: ClaimRequest): Promise<readonly DeviceClaim[]> {
    const devices = [...new Set(request.devices)];
    return Promise.all(devices.map((device) => this.#claimOne(device, request)));
  }

  async repeatsOf(request: ClaimRequest): Promise<ReadonlySet<string>> {
    const found = await Promise.all(
      request.devices.map((device) =>
        this.#connection.run(REPEATS, {
          keys: [stockKeys(device).about, claimKey(device, nameOfClaim(request))],
          arguments: [String(request.nowMs)],
        }),
      ),
    );
    return new Set(request.devices.filter((_, index) => found[index] === 1));
  }

  async devicesOf(user: string, limit: number): Promise<readonly string[]> {
    return this.#connection.firstSorted(userDevicesKey(user), limit);
  }

  async count(device: string, nowMs: number): Promise<readonly StockCount[]> {
    const keys = stockKeys(device);
    const reply = await this.#connection.run(COUNT, {
      keys: [keys.singleUse, keys.capabilitySets, keys.lastResorts],
      arguments: [padded(nowMs)],
    });
    return toStockCounts(reply);
  }

  async withdraw(withdrawal: Withdrawal): Promise<number> {
    const { device, which } = withdrawal;
    const key = 'signatureKey' in withdrawal ? shortHash(withdrawal.signatureKey) : '';
    let withdrawn = 0;
    let from: Uint8Array = new Uint8Array();
    do {
      const reply = await this.#connection.run(WITHDRAW, {
        keys: allOf(stockKeys(device)),
        arguments: [which, key, from, String(WITHDRAWAL_STEP), padded(withdrawal.nowMs)],
      });
      const step = toWithdrawalStep(reply);
      // In another slot, and after the mark that counts: at the first step, so that a failure later does not leave it out.
      if (which === 'revoked' && from.length === 0 && step.user !== '') await this.#unlist(step.user, device);
      withdrawn += step.withdrawn;
      from = step.goOn;
    } while (from.length > 0);
    return withdrawn;
  }

  async consumptions(query: ConsumptionQuery): Promise<readonly Consumption[]> {
    const { device, limit, notBeforeMs } = query;
    let { afterSequence } = query;
    for (;;) {
      const page = await this.#consumptionsAfter(device, afterSequence, limit);
      const young = page.filter(({ atMs }) => atMs >= notBeforeMs);
      const last = page.at(-1);
      // Those that are too old come first: a page of nothing else is not the end.
      if (young.length > 0 || last === undefined) return young;
      afterSequence = last.sequence;
    }
  }

  onChange(device: string, wakeUp: WakeUp): Unsubscribe {
    return this.#connection.onPublish(stockKeys(device).changes, wakeUp);
  }

  async #claimOne(device: string, request: ClaimRequest): Promise<DeviceClaim> {
    const keys = stockKeys(device);
    const { required, remember } = request;
    const reply = await this.#connection.run(CLAIM, {
      keys: [...allOf(keys), keys.consumptions, claimKey(device, nameOfClaim(request))],
      arguments: [
        padded(request.nowMs),
        String(request.cipherSuite),
        String(CLAIM_REPEAT_WINDOW_MS),
        nameOfCapabilities(required),
        request.lastResortOnly?.has(device) === true ? '1' : '0',
        request.caller,
        String(remember.maxEntries),
        String(remember.maxAgeMs),
      ],
    });
    return toClaim(device, reply);
  }

  async #consumptionsAfter(device: string, sequence: bigint, limit: number): Promise<readonly Consumption[]> {
    const reply = await this.#connection.run(CONSUMPTIONS, {
      keys: [stockKeys(device).consumptions],
      arguments: [String(sequence), String(limit)],
    });
    return toConsumptions(reply);
  }

  async #unlist(user: string, device: string): Promise<void> {
    await this.#connection.run(UNLIST, { keys: [userDevicesKey(user)], arguments: [device] });
  }
}

/** The keys that `put-stock.lua` numbers 1 to 7. */
function allOf(keys: StockKeys): readonly string[] {
  const { about, singleUse, keyPackages, capabilitySets, lastResorts, consumed, changes } = keys;
  return [about, singleUse, keyPackages, capabilitySets, lastResorts, consumed, changes];
}

/** A time whose order is that of texts. */
function padded(ms: number): string {
  return String(ms).padStart(16, '0');
}

/** Stands for something long within a member: 128 bits, which nobody can make collide by trying. */
function shortHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest().subarray(0, 16).toString('base64url');
}
