import { expect, it } from '@jest/globals';
import { openRedis } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { sleeper } from '../bench.ts';
import { append, group, message } from '../group-log.story.ts';
import { describeWithEngine } from './engine.ts';
import { Race } from './race.ts';
import { startRedisCluster } from './redis-servers.ts';

const GROUPS = 24;
/** About a fifth of what the first node does not have. */
const SLOTS = 2000;

describeWithEngine('while the slots of a Cluster move to another master', () => {
  it('goes on with every group, and wakes those who only read it where it is now', async () => {
    const servers = await startRedisCluster();
    const target = { store: 'redis-cluster', urls: servers.urls, name: 'test' } as const;
    const open = (): Promise<Store> => openRedis({ ...target, replicas: 1, timeoutMs: 2000 });
    const [store, other] = [await open(), await open()];
    try {
      const groups = Array.from({ length: GROUPS }, (_, i) => new Uint8Array(Buffer.from(`woken ${i}`)));
      const readers = groups.map((groupId) => {
        const reader = sleeper();
        other.groupLog.onAppend(groupId, reader.wake);
        return reader;
      });
      for (const groupId of groups) await store.groupLog.createGroup({ ...group, groupId });
      const race = await Race.start([store.groupLog], GROUPS);
      await race.progress(10);
      await servers.reshard(SLOTS);
      await race.progress(10);
      expect(await race.end(store.groupLog)).toBeGreaterThan(GROUPS * 20);
      for (const [i, groupId] of groups.entries()) {
        const woken = readers[i]?.next();
        await append(store.groupLog, message(0n, 'after', { groupId }));
        await woken;
      }
    } finally {
      store.close();
      other.close();
      await servers.stop();
    }
  }, 120_000);
});
