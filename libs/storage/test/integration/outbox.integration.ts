import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { connectRedis } from '../../src/redis/connection.ts';
import type { RedisConnection } from '../../src/redis/connection.ts';
import { RedisGroupLog } from '../../src/redis/group-log.ts';
import { outboxList } from '../../src/redis/group-keys.ts';
import { RedisOutbox } from '../../src/redis/outbox.ts';
import type { OutboxTimes } from '../../src/redis/outbox.ts';
import { named } from '../bench.ts';
import { allPending, commit, group, groupId, inLog } from '../group-log.story.ts';
import { describeWithEngine } from './engine.ts';
import { startRedis } from './redis-servers.ts';
import type { RedisServers } from './redis-servers.ts';

const welcomes = [{ device: 'bob', welcome: named('w') }];

describeWithEngine('the outbox and the list by which it is found, in two slots', () => {
  let server: RedisServers;
  let connection: RedisConnection;
  function logWith(times: OutboxTimes): RedisGroupLog {
    return new RedisGroupLog(connection, 8, new RedisOutbox(connection, times));
  }
  async function isListed(): Promise<boolean> {
    return (await connection.firstSorted(outboxList(groupId), 10)).length > 0;
  }
  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    await server.flush();
    const url = server.urls[0] ?? '';
    connection = await connectRedis({ store: 'redis', url, name: 'test', replicas: 0, timeoutMs: 5000 });
  });
  afterEach(() => connection.close());
  afterAll(() => server.stop());

  it('refuses a commit that comes so late that its group may have left the list, and takes it when it is sent again', async () => {
    const late = logWith({ appendWithinS: -1, stayS: 300 });
    await late.createGroup(group);
    await expect(late.appendCommit(commit(0n, 'a', { welcomes }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(await inLog(late)).toEqual([]);
    const inTime = logWith({ appendWithinS: 60, stayS: 300 });
    expect(await inTime.appendCommit(commit(0n, 'a', { welcomes }))).toMatchObject({ outcome: 'accepted' });
    expect(await allPending(inTime)).toHaveLength(1);
  });

  it('keeps a group whose process died between announcing and appending in the list, until that can be no more', async () => {
    const log = logWith({ appendWithinS: 60, stayS: 300 });
    await log.createGroup(group);
    await new RedisOutbox(connection).enlist(groupId);
    expect(await allPending(log)).toEqual([]);
    expect(await isListed()).toBe(true);
    const later = logWith({ appendWithinS: 60, stayS: 0 });
    expect(await allPending(later)).toEqual([]);
    expect(await isListed()).toBe(false);
  });

  it('never takes a group with something in its outbox off the list', async () => {
    const log = logWith({ appendWithinS: 60, stayS: 0 });
    await log.createGroup(group);
    await log.appendCommit(commit(0n, 'a', { welcomes }));
    const pending = await allPending(log);
    expect(await isListed()).toBe(true);
    await log.completeOutbox(pending);
    expect(await allPending(log)).toEqual([]);
    expect(await isListed()).toBe(false);
  });
});
