/**
 * The stock of KeyPackages as plainly as it can be said, to compare stores with.
 *
 * @module
 */
import { CLAIM_REPEAT_WINDOW_MS } from '../src/index.ts';
import type {
  ClaimRequest,
  DeviceClaim,
  NewStock,
  NothingReason,
  PutOutcome,
  SingleUseStock,
  StockCapabilities,
  StockCount,
  Withdrawal,
} from '../src/index.ts';

/** What the model does, as a store does it. */
export type Modelled = Pick<SingleUseStock, 'put' | 'claim' | 'count' | 'withdraw'>;

interface Given {
  readonly taken: Taken;
  readonly untilMs: number;
}

interface ModelDevice {
  items: NewStock[];
  consumed: NewStock[];
  readonly answers: Map<string, Given>;
  readonly uses: Map<string, number>;
  revoked: boolean;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** All stocks, in arrays. */
export class StockModel implements Modelled {
  readonly #devices = new Map<string, ModelDevice>();

  async put(stock: NewStock): Promise<PutOutcome> {
    const device = this.#devices.get(stock.device) ?? newDevice();
    this.#devices.set(stock.device, device);
    if (device.revoked) return { outcome: 'revoked' };
    forgetExpired(device, stock.nowMs);
    const same = ({ ref }: NewStock): boolean => hex(ref) === hex(stock.ref);
    if (device.items.some(same)) return { outcome: 'alreadyStored' };
    if (device.consumed.some(same)) return { outcome: 'alreadyConsumed' };
    if (
      !stock.lastResort &&
      device.items.filter(({ lastResort }) => !lastResort).length >= stock.maxPerDevice
    )
      return { outcome: 'full' };
    if (stock.lastResort)
      consume(device, (item) => item.lastResort && item.cipherSuite === stock.cipherSuite);
    device.items.push(stock);
    return { outcome: 'stored' };
  }

  async claim(request: ClaimRequest): Promise<readonly DeviceClaim[]> {
    return [...new Set(request.devices)].map((device) => this.#claimOne(device, request));
  }

  async count(name: string, nowMs: number): Promise<readonly StockCount[]> {
    const device = this.#devices.get(name);
    const items = (device?.items ?? []).filter(({ notAfterMs }) => notAfterMs >= nowMs);
    const suites = Array.from(new Set(items.map(({ cipherSuite }) => cipherSuite))).toSorted((a, b) => a - b);
    return suites.map((cipherSuite) => {
      const ofSuite = items.filter((item) => item.cipherSuite === cipherSuite);
      const lastResort = ofSuite.find((item) => item.lastResort);
      return {
        cipherSuite,
        singleUse: ofSuite.filter((item) => !item.lastResort).length,
        lastResort: lastResort !== undefined,
        lastResortUses: lastResort === undefined ? 0 : (device?.uses.get(hex(lastResort.ref)) ?? 0),
      };
    });
  }

  async withdraw(withdrawal: Withdrawal): Promise<number> {
    const device = this.#devices.get(withdrawal.device);
    if (device === undefined) return 0;
    if (withdrawal.which === 'revoked') device.revoked = true;
    device.answers.clear();
    return consume(device, ({ signatureKey, notAfterMs }) => {
      if (notAfterMs < withdrawal.nowMs) return false;
      if (!('signatureKey' in withdrawal)) return true;
      return (hex(signatureKey) === hex(withdrawal.signatureKey)) === (withdrawal.which === 'underKey');
    });
  }

  #claimOne(name: string, request: ClaimRequest): DeviceClaim {
    const nothing = { device: name, outcome: 'nothing' } as const;
    const device = this.#devices.get(name);
    if (device === undefined) return { ...nothing, reason: 'unknownDevice' };
    if (device.revoked) return { ...nothing, reason: 'revoked' };
    const earlier = device.answers.get(nameOf(request));
    if (earlier !== undefined && earlier.untilMs >= request.nowMs) return { device: name, ...earlier.taken };
    return { device: name, ...take(device, request, request.lastResortOnly?.has(name) === true) };
  }
}

type Taken =
  | { readonly outcome: 'nothing'; readonly reason: NothingReason }
  | { readonly outcome: 'claimed'; readonly keyPackage: Uint8Array; readonly lastResort: boolean };

function take(device: ModelDevice, request: ClaimRequest, onlyLast: boolean): Taken {
  const ofSuite = device.items.filter(
    ({ cipherSuite, notAfterMs }) => cipherSuite === request.cipherSuite && notAfterMs >= request.nowMs,
  );
  const fitting = ofSuite.filter(({ capabilities }) => supports(capabilities, request.required));
  const item = first(fitting.filter(({ lastResort }) => lastResort || !onlyLast));
  if (item === undefined) {
    const lacks = ofSuite.length > 0 && fitting.length === 0;
    return { outcome: 'nothing', reason: lacks ? 'noneFits' : 'exhausted' };
  }
  const { keyPackage, lastResort, notAfterMs } = item;
  if (lastResort) device.uses.set(hex(item.ref), (device.uses.get(hex(item.ref)) ?? 0) + 1);
  else consume(device, ({ ref }) => hex(ref) === hex(item.ref));
  const taken = { outcome: 'claimed', keyPackage, lastResort } as const;
  const untilMs = Math.min(request.nowMs + CLAIM_REPEAT_WINDOW_MS, notAfterMs);
  device.answers.set(nameOf(request), { taken, untilMs });
  return taken;
}

function newDevice(): ModelDevice {
  return { items: [], consumed: [], answers: new Map(), uses: new Map(), revoked: false };
}

function forgetExpired(device: ModelDevice, nowMs: number): void {
  device.items = device.items.filter(({ notAfterMs }) => notAfterMs >= nowMs);
  device.consumed = device.consumed.filter(({ notAfterMs }) => notAfterMs >= nowMs);
}

function consume(device: ModelDevice, isMeant: (item: NewStock) => boolean): number {
  const gone = device.items.filter(isMeant);
  device.items = device.items.filter((item) => !isMeant(item));
  device.consumed.push(...gone);
  return gone.length;
}

function supports(has: StockCapabilities, required: StockCapabilities): boolean {
  return (
    required.extensions.every((type) => has.extensions.includes(type)) &&
    required.proposals.every((type) => has.proposals.includes(type)) &&
    required.credentials.every((type) => has.credentials.includes(type))
  );
}

/** Single-use ones first, then the one that expires first. */
function first(items: readonly NewStock[]): NewStock | undefined {
  return items.toSorted((a, b) => orderOf(a) - orderOf(b))[0];
}

function orderOf({ lastResort, notAfterMs }: NewStock): number {
  return (lastResort ? 1e15 : 0) + notAfterMs;
}

function nameOf({ caller, requestId, cipherSuite, required }: ClaimRequest): string {
  return JSON.stringify([caller, hex(requestId), cipherSuite, required]);
}
