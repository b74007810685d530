import type { directory } from '@canopy/contract';
import { DeviceIdentities } from '@canopy/identity';
import { fixedKeySource, manualClock } from '@canopy/service';
import { openSqlite, type SqliteStore } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClaimLimits } from '../../src/claim-limits.ts';
import { claimRatesOf } from '../../src/claim-rates.ts';
import { readDirectoryConfig } from '../../src/config.ts';
import type { Directory } from '../../src/directory.ts';
import { PublishLimit } from '../../src/publish-limit.ts';
import { Revocations } from '../../src/revocations.ts';
import { StockWatch } from '../../src/stream/stock-watch.ts';
import { createAuthority, deviceOf, DOMAIN } from '../authority.ts';
import { NOW } from '../bench.ts';

const DEVICE = deviceOf('alice');

let store: SqliteStore;
let service: Directory;
let looks: number;

beforeEach(async () => {
  store = openSqlite(':memory:');
  const clock = manualClock(NOW);
  const keys = await fixedKeySource((await createAuthority()).jwksJson);
  const config = readDirectoryConfig({
    CANOPY_DOMAIN: DOMAIN,
    CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:1',
    CANOPY_DATA: '/nowhere',
  });
  const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
  const revocations = new Revocations({ domain: DOMAIN, keys: attestationKeys, clock, ...store });
  const identities = new DeviceIdentities({ domain: DOMAIN, keys: attestationKeys, clock });
  const limits = new ClaimLimits({ rateLimits: store.rateLimits, rates: claimRatesOf(config), clock });
  looks = 0;
  const stores = { ...store, singleUseStock: counting(store) };
  const publishLimit = new PublishLimit({ rateLimits: store.rateLimits, rate: config, clock });
  service = { stores, clock, config, identities, revocations, limits, publishLimit };
});

afterEach(() => store.close());

/** Counts how often the stock is looked at. */
function counting({ singleUseStock }: SqliteStore): SqliteStore['singleUseStock'] {
  return new Proxy(singleUseStock, {
    get(target, name) {
      if (name === 'count') looks += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function put(name: string): Promise<void> {
  const bytes = new TextEncoder().encode(name);
  await store.singleUseStock.put({
    device: DEVICE,
    user: 'mimi://example.com/u/alice',
    cipherSuite: 1,
    capabilities: { extensions: [], proposals: [], credentials: [] },
    signatureKey: bytes,
    ref: bytes,
    keyPackage: bytes,
    lastResort: false,
    notAfterMs: NOW + 1_000,
    maxPerDevice: 1_000,
    nowMs: NOW,
  });
}

/** A device that says some things and stays. */
async function* saying(
  requests: readonly directory.WatchStockRequest[],
  heard: { count: number },
): AsyncGenerator<directory.WatchStockRequest> {
  for (const request of requests) {
    heard.count += 1;
    yield request;
  }
  await new Promise(() => {});
}

function open(requests: readonly directory.WatchStockRequest[], heard = { count: 0 }) {
  const caller = { device: DEVICE, user: '', expiresAtUnixMs: NOW + 600_000 };
  const watch = new StockWatch(service, { caller, signal: new AbortController().signal });
  return { watch, responses: watch.converse(saying(requests, heard)) };
}

const marks = (singleUse: number): directory.WatchStockRequest => ({
  request: { $case: 'marks', value: { marks: [{ cipherSuite: 1, singleUse }] } },
});

const ping = (token: bigint): directory.WatchStockRequest => ({
  request: { $case: 'ping', value: { token } },
});

describe('a stream about the stock', () => {
  it('keeps one picture for a reader that is slow, and looks at the store only when it is read', async () => {
    const { responses } = open([marks(1_000)]);
    await responses.next();
    expect(looks).toBe(1);
    for (let i = 0; i < 200; i += 1) await put(`${i}`);
    expect(looks).toBe(1);
    const { value } = await responses.next();
    expect(value?.response).toMatchObject({ value: { levels: [{ count: { singleUse: 200 }, low: true }] } });
    expect(looks).toBe(2);
    await responses.return(undefined);
  });

  it('reads no further from a device that does not take its answers', async () => {
    const heard = { count: 0 };
    const { responses } = open(
      Array.from({ length: 100 }, (_, i) => ping(BigInt(i))),
      heard,
    );
    for (let i = 0n; i < 3n; i += 1n) {
      expect((await responses.next()).value?.response).toEqual({ $case: 'pong', value: { token: i } });
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(heard.count).toBeLessThanOrEqual(5);
    await responses.return(undefined);
  });

  it('looks once more when the stock changes while it is looking', async () => {
    const { singleUseStock } = service.stores;
    let changeMeanwhile = true;
    const changing = new Proxy(singleUseStock, {
      get(target, name) {
        if (name !== 'count') return Reflect.get(target, name);
        return async (...asked: Parameters<typeof singleUseStock.count>) => {
          const counts = await target.count(...asked);
          if (changeMeanwhile) await put('meanwhile');
          changeMeanwhile = false;
          return counts;
        };
      },
    });
    service = { ...service, stores: { ...service.stores, singleUseStock: changing } };
    const { responses } = open([marks(10)]);
    const told = [(await responses.next()).value, (await responses.next()).value];
    expect(told.map((one) => one?.response)).toMatchObject([
      { value: { levels: [{ count: { singleUse: 0 } }] } },
      { value: { levels: [{ count: { singleUse: 1 } }] } },
    ]);
    await responses.return(undefined);
  });

  it('leaves nothing behind when it is over', async () => {
    const { watch, responses } = open([marks(10)]);
    await responses.next();
    watch.drain();
    expect((await responses.next()).value?.response).toEqual({ $case: 'draining', value: {} });
    expect((await responses.next()).done).toBe(true);
    const before = looks;
    await put('after');
    expect(looks).toBe(before);
  });
});
