import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { openRedis } from '../../src/index.ts';
import type { GroupLog, Store } from '../../src/index.ts';
import { named } from '../bench.ts';
import { append, commit, group, groupId, inLog, message } from '../group-log.story.ts';
import { describeWithEngine } from './engine.ts';
import { untilTrue } from './redis-node.ts';
import { SENTINEL_NAME, startSentinel } from './redis-servers.ts';
import type { RedisServers } from './redis-servers.ts';

const unavailable = { code: 'UNAVAILABLE' };

describeWithEngine('while no replica has what the master has, with WAIT for one', () => {
  let servers: RedisServers;
  let store: Store;
  let log: GroupLog;
  beforeAll(async () => {
    servers = await startSentinel();
  }, 60_000);
  beforeEach(async () => {
    await servers.flush();
    const target = { urls: servers.urls, sentinelName: SENTINEL_NAME, name: 'test' };
    store = await openRedis({ store: 'redis-sentinel', ...target, replicas: 1, timeoutMs: 1000 });
    log = store.groupLog;
    await log.createGroup(group);
    await append(log, message(0n, 'before'));
  });
  afterAll(() => servers.stop());

  it('answers neither writers nor readers nor losers of a race, and each the same request afterwards', async () => {
    const thaw = await servers.freezeReplicas();
    try {
      await expect(append(log, message(0n, 'm'))).rejects.toMatchObject(unavailable);
      await expect(log.appendCommit(commit(0n, 'a'))).rejects.toMatchObject(unavailable);
      await expect(log.appendCommit(commit(0n, 'b'))).rejects.toMatchObject(unavailable);
      await expect(inLog(log)).rejects.toMatchObject(unavailable);
      await expect(log.findGroup(groupId)).rejects.toMatchObject(unavailable);
      // Repeated: it is in the master's log by now, but a repetition writes nothing that could be waited for.
      await expect(append(log, message(0n, 'm'))).rejects.toMatchObject(unavailable);
      expect(await store.isHealthy()).toBe(false);
    } finally {
      await thaw();
    }
    await untilTrue(() => store.isHealthy());
    expect(await append(log, message(0n, 'm'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
    expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'alreadyAccepted', sequence: 3n });
    expect(await log.appendCommit(commit(0n, 'b'))).toEqual({
      outcome: 'conflict',
      currentEpoch: 1n,
      winningCommitHash: named('hash a'),
    });
    expect(await inLog(log)).toEqual(['1 message before', '2 message m', '3 commit a']);
    store.close();
  }, 60_000);

  it('forgets with its master only what was neither accepted nor shown to anybody', async () => {
    const thaw = await servers.freezeReplicas();
    // What is on its way to a frozen server would reach it when it thaws.
    await servers.tell('CLIENT', 'KILL', 'TYPE', 'replica');
    await expect(append(log, message(0n, 'gone'))).rejects.toMatchObject(unavailable);
    await expect(inLog(log)).rejects.toMatchObject(unavailable);
    const revive = await servers.killMaster();
    await thaw();
    await untilTrue(() => store.isHealthy());
    expect(await append(log, message(0n, 'new'))).toEqual({ outcome: 'accepted', sequence: 2n });
    expect(await append(log, message(0n, 'before'))).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
    expect(await append(log, message(0n, 'gone'))).toEqual({ outcome: 'accepted', sequence: 3n });
    expect(await inLog(log)).toEqual(['1 message before', '2 message new', '3 message gone']);
    await revive();
    store.close();
  }, 60_000);
});
