import { expect, it } from '@jest/globals';
import { openRedis } from '../../src/index.ts';
import type { RedisTarget, Store } from '../../src/index.ts';
import { describeWithEngine } from './engine.ts';
import { Race } from './race.ts';
import { untilTrue } from './redis-node.ts';
import { SENTINEL_NAME, startRedisCluster, startSentinel } from './redis-servers.ts';
import type { RedisServers } from './redis-servers.ts';

const ACCESS = { name: 'test', replicas: 1, timeoutMs: 2000 } as const;
const GROUPS = 12;
const TIME_LIMIT_MS = 90_000;

const kinds: readonly {
  readonly kind: string;
  readonly start: () => Promise<RedisServers>;
  readonly target: (servers: RedisServers) => RedisTarget;
}[] = [
  {
    kind: 'a Cluster',
    start: startRedisCluster,
    target: ({ urls }) => ({ store: 'redis-cluster', urls, ...ACCESS }),
  },
  {
    kind: 'Sentinel',
    start: startSentinel,
    target: ({ urls }) => ({ store: 'redis-sentinel', urls, sentinelName: SENTINEL_NAME, ...ACCESS }),
  },
];

/** Runs a story on servers of its own, with two connections. */
async function onServers(
  { start, target }: (typeof kinds)[number],
  story: (servers: RedisServers, stores: readonly [Store, Store]) => Promise<void>,
): Promise<void> {
  const servers = await start();
  const stores = [await openRedis(target(servers)), await openRedis(target(servers))] as const;
  try {
    await story(servers, stores);
  } finally {
    for (const store of stores) store.close();
    await servers.stop();
  }
}

for (const kind of kinds)
  describeWithEngine(`when a master of ${kind.kind} goes, with WAIT for a replica`, () => {
    it(
      'loses nothing that was accepted, accepts one commit an epoch, and tells of no winner that did not win, over two kills',
      () =>
        onServers(kind, async (servers, stores) => {
          const race = await Race.start(
            stores.map(({ groupLog }) => groupLog),
            GROUPS,
          );
          for (let kill = 0; kill < 2; kill++) {
            await race.progress(20);
            await servers.failOver();
            await untilTrue(() => stores[0].isHealthy());
            await race.progress(20);
          }
          expect(race.failures).toBeGreaterThan(0);
          expect(await race.end(stores[0].groupLog)).toBeGreaterThan(GROUPS * 80);
        }),
      TIME_LIMIT_MS,
    );

    it(
      'loses nothing when the master was frozen, replaced, and comes back in the belief that it is one still',
      () =>
        onServers(kind, async (servers, stores) => {
          const race = await Race.start(
            stores.map(({ groupLog }) => groupLog),
            GROUPS,
          );
          await race.progress(20);
          const thaw = await servers.freeze();
          await untilTrue(() => race.failures > 0);
          // Until a replica has taken over; that cannot be asked for of a server that answers nobody.
          await new Promise((resolve) => setTimeout(resolve, 5000));
          await thaw();
          await untilTrue(() => stores[0].isHealthy());
          await race.progress(20);
          expect(await race.end(stores[0].groupLog)).toBeGreaterThan(GROUPS * 40);
        }),
      TIME_LIMIT_MS,
    );
  });
