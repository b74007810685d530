import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'redis';
import { GenericContainer, Wait, getContainerRuntimeClient } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';
import { openRedis, openRedisCluster } from '../../src/index.ts';
import type { RedisStore, SingleUseStock } from '../../src/index.ts';
import { named } from '../bench.ts';
import type { StartBench } from '../bench.ts';
import { singleUseStockContract } from '../single-use-stock.contract.ts';
import { whyNoEngine } from './engine.ts';

const IMAGE = 'redis:7-bookworm';
const noEngine = await whyNoEngine();
if (noEngine !== undefined) process.stderr.write(`skipped: Redis contracts, no Docker engine: ${noEngine}\n`);
const withEngine = noEngine === undefined ? describe : describe.skip;

function start(...flags: string[]): Promise<StartedTestContainer> {
  return new GenericContainer(IMAGE)
    .withCommand(['redis-server', '--appendonly', 'yes', ...flags])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
    .start();
}

function urlOf(container: StartedTestContainer): string {
  return `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
}

/** Sends commands to the server itself, past the store, and gives the last answer. */
async function tell(container: StartedTestContainer, ...commands: string[][]): Promise<unknown> {
  const client = createClient({ url: urlOf(container) });
  client.on('error', () => {});
  let answer: unknown;
  try {
    await client.connect();
    for (const command of commands) answer = await client.sendCommand(command);
  } finally {
    client.destroy();
  }
  return answer;
}

/** Empties the server for each test; each opening is a connection of its own. */
function bench(
  container: () => StartedTestContainer,
  open: (url: string) => Promise<RedisStore>,
): StartBench<SingleUseStock> {
  return async () => {
    await tell(container(), ['FLUSHALL']);
    const stores: RedisStore[] = [];
    return {
      open: async () => {
        const store = await open(urlOf(container()));
        stores.push(store);
        return store.singleUseStock;
      },
      end: async () => {
        for (const store of stores) store.close();
      },
    };
  };
}

withEngine('on one Redis', () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    container = await start();
  });
  afterAll(() => container.stop({ timeout: 0 }));

  describe('SingleUseStock', () => singleUseStockContract(bench(() => container, openRedis)));

  it('goes on when Redis has forgotten the scripts', async () => {
    const store = await openRedis(urlOf(container));
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    await tell(container, ['SCRIPT', 'FLUSH']);
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    store.close();
  });

  it('says UNAVAILABLE in time when Redis hangs, is not healthy then, and works again after', async () => {
    const store = await openRedis(urlOf(container), { timeoutMs: 300 });
    expect(await store.isHealthy()).toBe(true);
    const { container: engine } = await getContainerRuntimeClient();
    const frozen = engine.getById(container.getId());
    await frozen.pause();
    try {
      await expect(store.singleUseStock.count('nobody', 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await store.isHealthy()).toBe(false);
    } finally {
      await frozen.unpause();
    }
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    expect(await store.isHealthy()).toBe(true);
    store.close();
  });

  it('says UNAVAILABLE when there is no Redis, and after closing', async () => {
    const store = await openRedis(urlOf(container));
    store.close();
    await expect(store.singleUseStock.count('nobody', 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(openRedis('redis://127.0.0.1:1', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('keeps its stock over a restart of Redis', async () => {
    const item = { device: 'bob', user: 'u', cipherSuite: 1, notAfterMs: 9, maxPerDevice: 9, nowMs: 0 };
    const bytes = named('kept');
    const before = await openRedis(urlOf(container));
    await before.singleUseStock.put({ ...item, ref: bytes, keyPackage: bytes, lastResort: false });
    before.close();
    await container.restart({ timeout: 10_000 });
    const after = await openRedis(urlOf(container));
    expect(await after.singleUseStock.count('bob', 0)).toEqual([
      { cipherSuite: 1, singleUse: 1, lastResort: false },
    ]);
    after.close();
  });
});

withEngine('on a Redis Cluster, which refuses a step over several slots', () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    container = await start('--cluster-enabled', 'yes');
    // One node that owns every slot, and tells its clients the address by which they can reach it.
    await tell(
      container,
      ['CONFIG', 'SET', 'cluster-announce-ip', '127.0.0.1'],
      ['CONFIG', 'SET', 'cluster-announce-port', String(container.getMappedPort(6379))],
      ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'],
    );
    await clusterOk(container);
  });
  afterAll(() => container.stop({ timeout: 0 }));

  describe('SingleUseStock', () =>
    singleUseStockContract(
      bench(
        () => container,
        (url) => openRedisCluster([url]),
      ),
    ));

  it('says whether the cluster answers', async () => {
    const store = await openRedisCluster([urlOf(container)]);
    expect(await store.isHealthy()).toBe(true);
    store.close();
    expect(await store.isHealthy()).toBe(false);
  });
});

/** Waits until the node has seen that all slots are served. */
async function clusterOk(container: StartedTestContainer): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const info = await tell(container, ['CLUSTER', 'INFO']);
    if (typeof info === 'string' && info.includes('cluster_state:ok')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the cluster did not come up');
}
