import { randomBytes } from 'node:crypto';
import { openStore, type Store } from '@canopy/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  Wait,
  type StartedNetwork,
  type StartedTestContainer,
} from 'testcontainers';
import {
  claimFrom,
  failureOf,
  startBench,
  stock,
  wordOf,
  type Bench,
  type BenchOptions,
  type Device,
} from '../bench.ts';

const noEngine = await whyNoEngine();
if (noEngine !== undefined) {
  process.stderr.write(`skipped: replicas of the key directory on Redis, no Docker engine: ${noEngine}\n`);
}
const withEngine = noEngine === undefined ? describe : describe.skip;

/** Finds out why containers cannot be started. @throws {Error} in CI, where a missing engine is a fault */
async function whyNoEngine(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (process.env['CI'] === 'true') throw new Error(`no Docker engine: ${reason}`, { cause });
    return reason;
  }
}

withEngine('two replicas of the key directory on one Redis', () => {
  let network: StartedNetwork;
  let container: StartedTestContainer;
  let replicas: readonly [Bench, Bench];
  let alices: readonly [Device, Device];
  let bobs: readonly [Device, Device];

  beforeAll(async () => {
    // Of its own: Sentinels of other tests take over what has the address of a server that they knew.
    network = await new Network().start();
    container = await new GenericContainer('redis:7-bookworm')
      .withNetwork(network)
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
      .start();
  });

  afterAll(async () => {
    await container.stop({ timeout: 0 });
    await network.stop();
  });

  beforeEach(async () => {
    await container.exec(['redis-cli', 'FLUSHALL']);
    await start({});
  });

  afterEach(async () => {
    for (const replica of replicas) {
      expect(replica.incidents).toEqual([]);
      await replica.close();
    }
  });

  function open(): Promise<Store> {
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
    return openStore({ store: 'redis', url, name: 'key-directory', replicas: 0, timeoutMs: 5_000 });
  }

  async function start(environment: NodeJS.ProcessEnv): Promise<void> {
    // An hour: whatever is told in a test is told by a wake-up.
    const options: BenchOptions = { environment: { CANOPY_STOCK_INTERVAL: '1h', ...environment } };
    const first = await startBench({ ...options, store: await open() });
    const second = await startBench({ ...options, store: await open(), authority: first.authority });
    replicas = [first, second];
    alices = [await first.device('alice'), await second.device('alice')];
    bobs = [await first.device('bob'), await second.device('bob')];
  }

  const claimed = async (by: Device, requestId = randomBytes(16)): Promise<string> => {
    const request = claimFrom({ requestId, devices: [alices[0].name] });
    return (await by.call('claimKeyPackages', request)).devices.map(wordOf).join();
  };

  it('hand out every KeyPackage once, and the same to a claim that is repeated at the other', async () => {
    const published = await stock(replicas[0], alices[0], 6);
    const requestIds = Array.from({ length: 6 }, () => randomBytes(16));
    const answers = await Promise.all(
      requestIds.flatMap((requestId) => [claimed(bobs[0], requestId), claimed(bobs[1], requestId)]),
    );
    const pairs = requestIds.map((_, i) => answers.slice(2 * i, 2 * i + 2));
    for (const [first, second] of pairs) expect(second).toBe(first);
    expect(new Set(answers)).toEqual(new Set(published.map((bytes) => Buffer.from(bytes).toString('hex'))));
    expect((await alices[1].call('countKeyPackages', {})).counts).toEqual([]);
  });

  it('know at the one what is claimed, watched, withdrawn and revoked at the other', async () => {
    await stock(replicas[0], alices[0], 2);
    const watch = alices[1].watch();
    const marks = [{ cipherSuite: 1, singleUse: 2 }];
    await watch.send({ request: { $case: 'marks', value: { marks } } });
    const responses = watch.responses[Symbol.asyncIterator]();
    const singleUse = async (): Promise<number | undefined> => {
      const { value } = await responses.next();
      const { response } = value ?? {};
      return response?.$case === 'levels' ? response.value.levels[0]?.count?.singleUse : undefined;
    };
    expect(await singleUse()).toBe(2);
    await claimed(bobs[0]);
    expect(await singleUse()).toBe(1);
    await alices[0].call('withdrawKeyPackages', { keepSignatureKey: new Uint8Array() });
    expect(await singleUse()).toBe(0);
    const page = { afterSequence: 0n, pageSize: 10 };
    expect((await alices[1].call('listConsumptions', page)).consumptions).toMatchObject([
      { claimedBy: bobs[0].name, lastResort: false },
    ]);
    watch.cancel();
    await replicas[0].revoke({ devices: [alices[0].name] });
    expect(await claimed(bobs[1])).toBe('REVOKED');
    const { devices } = await bobs[1].call(
      'claimKeyPackages',
      claimFrom({ users: ['mimi://example.com/u/alice'] }),
    );
    expect(devices).toEqual([]);
  });

  it('share the limits of claims', async () => {
    for (const replica of replicas) await replica.close();
    await start({ CANOPY_CLAIMS_PER_CALLER_AND_DEVICE_BURST: '3' });
    await stock(replicas[0], alices[0], 10);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => claimed(bobs[i % 2 === 0 ? 0 : 1])),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await alices[1].call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 7 }]);
    expect((await failureOf(claimed(bobs[1]))).code).toBe('RESOURCE_EXHAUSTED');
  });
});
