import { directory, readServiceError, type CallError } from '@canopy/contract';
import { openSqlite } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimFrom, NOW, startBench, stock, type Bench, type Device, type Watch } from '../bench.ts';

let bench: Bench;
let alice: Device;
let bob: Device;

async function start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
  bench = await startBench({ environment: { CANOPY_STOCK_INTERVAL: '1h', ...environment } });
  alice = await bench.device('alice');
  bob = await bench.device('bob');
}

beforeEach(() => start());

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

type Response = NonNullable<directory.WatchStockResponse['response']>;

/** One stream, read step by step. */
class Reader {
  readonly stream: Watch;
  readonly #responses: AsyncIterator<directory.WatchStockResponse>;

  constructor(device: Device) {
    this.stream = device.watch();
    this.#responses = this.stream.responses[Symbol.asyncIterator]();
  }

  mark(...marks: readonly (readonly [number, number])[]): Promise<void> {
    const list = marks.map(([cipherSuite, singleUse]) => ({ cipherSuite, singleUse }));
    return this.stream.send({ request: { $case: 'marks', value: { marks: list } } });
  }

  ping(token: bigint): Promise<void> {
    return this.stream.send({ request: { $case: 'ping', value: { token } } });
  }

  async next(): Promise<Response> {
    const { value, done } = await this.#responses.next();
    if (done === true || value.response === undefined) throw new Error('the stream has ended');
    return value.response;
  }

  /** Levels as words: suite, single-use ones, uses of the last resort, low. */
  async levels(): Promise<readonly string[]> {
    const response = await this.next();
    if (response.$case !== 'levels') throw new Error(`no levels but ${response.$case}`);
    return response.value.levels.map(({ count, low }) => {
      const { cipherSuite = 0, singleUse = 0, lastResort = false, lastResortUses = 0 } = count ?? {};
      const words = [
        `suite ${cipherSuite}: ${singleUse}`,
        ...(lastResort ? [`resort used ${lastResortUses}`] : []),
      ];
      return [...words, ...(low ? ['low'] : [])].join(', ');
    });
  }

  async end(): Promise<'ended' | CallError> {
    try {
      for (;;) if ((await this.#responses.next()).done === true) return 'ended';
    } catch (error) {
      return readServiceError(error);
    }
  }
}

async function claim(times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) await bob.call('claimKeyPackages', claimFrom({ devices: [alice.name] }));
}

describe('WatchStock', () => {
  it('tells the stock at once, then when it falls below the mark, and when it is filled again', async () => {
    await stock(bench, alice, 3);
    await stock(bench, alice, 1, { lastResort: true });
    await stock(bench, alice, 1, { cipherSuite: 2 });
    const reader = new Reader(alice);
    await reader.mark([1, 2]);
    expect(await reader.levels()).toEqual(['suite 1: 3, resort used 0', 'suite 2: 1']);
    await claim(2);
    expect(await reader.levels()).toEqual(['suite 1: 1, resort used 0, low', 'suite 2: 1']);
    await claim();
    expect(await reader.levels()).toEqual(['suite 1: 0, resort used 0, low', 'suite 2: 1']);
    await stock(bench, alice, 2);
    const levels = [await reader.levels()];
    // The two may have been seen one by one.
    while (levels.at(-1)?.[0]?.endsWith('low') === true) levels.push(await reader.levels());
    expect(levels.at(-1)).toEqual(['suite 1: 2, resort used 0', 'suite 2: 1']);
    reader.stream.cancel();
  });

  it('tells each time that the last resort is handed out, and that it is missing', async () => {
    const reader = new Reader(alice);
    await reader.mark([1, 0]);
    expect(await reader.levels()).toEqual(['suite 1: 0, low']);
    await stock(bench, alice, 1, { lastResort: true });
    expect(await reader.levels()).toEqual(['suite 1: 0, resort used 0']);
    await claim();
    expect(await reader.levels()).toEqual(['suite 1: 0, resort used 1']);
    await claim();
    expect(await reader.levels()).toEqual(['suite 1: 0, resort used 2']);
    reader.stream.cancel();
  });

  it('tells at once what happened while no stream was open', async () => {
    await stock(bench, alice, 2);
    await stock(bench, alice, 1, { lastResort: true });
    await claim(3);
    const reader = new Reader(alice);
    await reader.mark([1, 1]);
    expect(await reader.levels()).toEqual(['suite 1: 0, resort used 1, low']);
    reader.stream.cancel();
  });

  it('takes new marks and answers pings; who has said all may go on listening', async () => {
    await stock(bench, alice, 3);
    const reader = new Reader(alice);
    await reader.ping(7n);
    expect(await reader.next()).toEqual({ $case: 'pong', value: { token: 7n } });
    await reader.mark();
    expect(await reader.levels()).toEqual(['suite 1: 3']);
    await reader.mark([1, 4]);
    expect(await reader.levels()).toEqual(['suite 1: 3, low']);
    reader.stream.finish();
    await claim();
    expect(await reader.levels()).toEqual(['suite 1: 2, low']);
    reader.stream.cancel();
  });

  it('hears of changes also when the wake-up gets lost', async () => {
    const wakeless = openSqlite(':memory:');
    const singleUseStock = new Proxy(wakeless.singleUseStock, {
      get(target, name) {
        if (name === 'onChange') return () => () => {};
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const life = { isHealthy: () => wakeless.isHealthy(), close: () => wakeless.close() };
    const other = await startBench({
      store: { singleUseStock, rateLimits: wakeless.rateLimits, ...life },
      environment: { CANOPY_STOCK_INTERVAL: '10ms' },
    });
    const device = await other.device('alice');
    await stock(other, device, 1);
    const reader = new Reader(device);
    await reader.mark([1, 1]);
    expect(await reader.levels()).toEqual(['suite 1: 1, low']);
    await wakeless.singleUseStock.withdraw({ device: device.name, which: 'all', nowMs: NOW });
    expect(await reader.levels()).toEqual(['suite 1: 0, low']);
    await other.close();
  });

  it('ends in order when the service goes away: draining first, then the end', async () => {
    const reader = new Reader(alice);
    await reader.mark([1, 1]);
    await reader.levels();
    const closed = bench.close();
    expect(await reader.next()).toEqual({ $case: 'draining', value: {} });
    expect(await reader.end()).toBe('ended');
    await closed;
    await start();
  });

  it('ends the oldest when a device opens one after the other', async () => {
    const readers: Reader[] = [];
    for (let i = 0; i < 5; i += 1) {
      const reader = new Reader(alice);
      await reader.mark([1, 1]);
      await reader.levels();
      readers.push(reader);
    }
    const [oldest, ...others] = readers;
    expect(await oldest?.next()).toEqual({ $case: 'draining', value: {} });
    expect(await oldest?.end()).toBe('ended');
    await stock(bench, alice, 1);
    for (const reader of others) {
      expect(await reader.levels()).toEqual(['suite 1: 1, low']);
      reader.stream.cancel();
    }
  });

  it('does not outlive its token', async () => {
    const shortLived = await bench.device('alice', 'device01', { expiresAtMs: NOW + 1_000 });
    const reader = new Reader(shortLived);
    await reader.mark([1, 1]);
    expect(await reader.end()).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' });
  });

  it('tells a device nothing about another', async () => {
    await stock(bench, bob, 3);
    const reader = new Reader(alice);
    await reader.mark([1, 0]);
    expect(await reader.levels()).toEqual(['suite 1: 0, low']);
    reader.stream.cancel();
  });

  const many = Array.from({ length: 17 }, () => [1, 1] as const);
  it.each<[string, readonly (readonly [number, number])[]]>([
    ['marks.marks', many],
    ['marks.marks[0].cipher_suite', [[0, 1]]],
    [
      'marks.marks[1].cipher_suite',
      [
        [1, 1],
        [8, 1],
      ],
    ],
    [
      'marks.marks[1].cipher_suite',
      [
        [1, 1],
        [1, 2],
      ],
    ],
  ])('names the field %s when it does not hold what it must', async (field, marks) => {
    const reader = new Reader(alice);
    await reader.mark(...marks);
    const failure = await reader.end();
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', fieldViolations: [{ field }] });
    const next = new Reader(alice);
    await next.mark([1, 1]);
    expect(await next.levels()).toEqual(['suite 1: 0, low']);
    next.stream.cancel();
  });

  it('refuses a message that says nothing', async () => {
    const reader = new Reader(alice);
    await reader.stream.send({ request: undefined });
    expect(await reader.end()).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'request' }],
    });
  });
});
