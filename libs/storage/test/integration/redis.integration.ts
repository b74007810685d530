import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getContainerRuntimeClient } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';
import { openRedis } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { device, item, NOW } from '../stock-samples.ts';
import { whyNoEngine } from './engine.ts';
import { ACCESS, startClusterOfOne, startSingle, tell, urlOf } from './redis-benches.ts';

const noEngine = await whyNoEngine();
if (noEngine !== undefined) process.stderr.write(`skipped: Redis contracts, no Docker engine: ${noEngine}\n`);
const withEngine = noEngine === undefined ? describe : describe.skip;

withEngine('on one Redis', () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    ({ container } = await startSingle());
  });
  afterAll(() => container.stop({ timeout: 0 }));

  it('goes on when Redis has forgotten the scripts', async () => {
    const store = await openRedis({ store: 'redis', url: urlOf(container), ...ACCESS });
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    await tell(container, ['SCRIPT', 'FLUSH']);
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    store.close();
  });

  it('says UNAVAILABLE in time when Redis hangs, is not healthy then, and works again after', async () => {
    const store = await openRedis({ store: 'redis', url: urlOf(container), ...ACCESS, timeoutMs: 300 });
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
    await untilHealthy(store);
    expect(await store.singleUseStock.count('nobody', 0)).toEqual([]);
    store.close();
  });

  it('says UNAVAILABLE when there is no Redis, and after closing', async () => {
    const store = await openRedis({ store: 'redis', url: urlOf(container), ...ACCESS });
    store.close();
    await expect(store.singleUseStock.count('nobody', 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(
      openRedis({ store: 'redis', url: 'redis://127.0.0.1:1', ...ACCESS, timeoutMs: 300 }),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('keeps its stock over a restart of Redis', async () => {
    const before = await openRedis({ store: 'redis', url: urlOf(container), ...ACCESS });
    await before.singleUseStock.put(item('kept'));
    before.close();
    await container.restart({ timeout: 10_000 });
    const after = await openRedis({ store: 'redis', url: urlOf(container), ...ACCESS });
    expect(await after.singleUseStock.count(device, NOW)).toMatchObject([{ cipherSuite: 1, singleUse: 1 }]);
    after.close();
  });
});

withEngine('on a Redis Cluster, which refuses a step over several slots', () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    ({ container } = await startClusterOfOne());
  });
  afterAll(() => container.stop({ timeout: 0 }));

  it('says whether the cluster answers', async () => {
    const store = await openRedis({ store: 'redis-cluster', urls: [urlOf(container)], ...ACCESS });
    expect(await store.isHealthy()).toBe(true);
    store.close();
    expect(await store.isHealthy()).toBe(false);
  });
});

/** Waits until the store answers again; the test's own time limit ends it otherwise. */
async function untilHealthy(store: Store): Promise<void> {
  while (!(await store.isHealthy())) await new Promise((resolve) => setTimeout(resolve, 20));
}
