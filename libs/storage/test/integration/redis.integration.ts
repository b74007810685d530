import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { openRedis } from '../../src/index.ts';
import type { RedisAccess, RedisTarget, Store } from '../../src/index.ts';
import { named, sleeper } from '../bench.ts';
import { allPending, append, group, groupId, inLog, message } from '../group-log.story.ts';
import { describeWithEngine } from './engine.ts';
import { Race } from './race.ts';
import { untilTrue } from './redis-node.ts';
import { startRedis } from './redis-servers.ts';
import type { RedisFlags, RedisServers } from './redis-servers.ts';

const ACCESS = { name: 'test', replicas: 0, timeoutMs: 1000 } as const;
const unavailable = { code: 'UNAVAILABLE' };

function targetOf({ urls }: RedisServers, more: Partial<RedisAccess> = {}): RedisTarget {
  return { store: 'redis', url: urls[0] ?? '', ...ACCESS, ...more };
}

describeWithEngine('one Redis', () => {
  let server: RedisServers;
  const stores: Store[] = [];
  async function open(): Promise<Store> {
    const store = await openRedis(targetOf(server));
    stores.push(store);
    return store;
  }
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) store.close();
    await server.flush();
  });
  afterAll(() => server.stop());

  it('goes on when it has forgotten the scripts, in the order in which messages were given', async () => {
    const { groupLog } = await open();
    await groupLog.createGroup(group);
    await append(groupLog, message(0n, 'before'));
    await server.tell('SCRIPT', 'FLUSH');
    const names = Array.from({ length: 1000 }, (_, i) => `${i}`);
    await groupLog.appendMessages(names.map((name) => message(0n, name)));
    const wanted = ['before', ...names].map((name, i) => `${i + 1} message ${name}`);
    expect(await inLog(groupLog)).toEqual(wanted);
  });

  it('is UNAVAILABLE in time when it hangs, not healthy then, and works again after', async () => {
    const store = await open();
    await store.groupLog.createGroup(group);
    expect(await store.isHealthy()).toBe(true);
    const thaw = await server.freeze();
    try {
      const asked = Array.from({ length: 100 }, (_, i) => append(store.groupLog, message(0n, `${i}`)));
      for (const answer of await Promise.allSettled(asked))
        expect(answer).toMatchObject({ status: 'rejected', reason: unavailable });
      expect(await store.isHealthy()).toBe(false);
    } finally {
      await thaw();
    }
    await untilTrue(() => store.isHealthy());
    // What had no answer may have been done: repeated, it is there once.
    for (let i = 0; i < 100; i++) await append(store.groupLog, message(0n, `${i}`));
    expect(new Set((await inLog(store.groupLog)).map((entry) => entry.split('message ')[1])).size).toBe(100);
    expect(await inLog(store.groupLog)).toHaveLength(100);
  });

  it('loses nothing that was answered when it is killed and starts again with its files', async () => {
    const store = await open();
    const race = await Race.start([store.groupLog], 4);
    await race.progress(20);
    const revive = await server.killMaster();
    await revive();
    await untilTrue(() => store.isHealthy());
    await race.progress(20);
    expect(race.failures).toBeGreaterThan(0);
    expect(await race.end(store.groupLog)).toBeGreaterThan(4 * 40);
  });

  it('wakes the readers of other processes, also after it was away', async () => {
    const [writer, other] = [await open(), await open()];
    await writer.groupLog.createGroup(group);
    const reader = sleeper();
    other.groupLog.onAppend(groupId, reader.wake);
    for (let i = 0; i < 10; i++) {
      const woken = reader.next();
      await append(writer.groupLog, message(0n, `${i}`));
      await woken;
    }
    const missed = reader.next();
    const revive = await server.killMaster();
    await revive();
    await untilTrue(() => writer.isHealthy());
    // Whatever was published while nobody listened: it looks once when it listens again.
    await missed;
    const woken = reader.next();
    await append(writer.groupLog, message(0n, 'after'));
    await woken;
  });

  it('finds the Welcomes of a process that died before it moved them, and those that come after an outbox was found empty', async () => {
    const [dead, alive] = [await open(), await open()];
    await dead.groupLog.createGroup(group);
    await append(dead.groupLog, message(0n, 'm'));
    const welcomes = [{ device: 'bob', welcome: named('w') }];
    const facts = { acceptedAtMs: 1, previousReceiptHash: named(''), keyId: 'k' };
    const bundle = {
      groupId,
      epoch: 0n,
      requestId: named('r'),
      commit: named('c'),
      commitHash: named('h'),
      groupInfo: named('i'),
      nextAccessKey: named('k'),
      receipt: facts,
    };
    await dead.groupLog.appendCommit({ ...bundle, welcomes });
    dead.close();
    expect((await allPending(alive.groupLog)).map(({ device }) => device)).toEqual(['bob']);
    await alive.groupLog.completeOutbox(await allPending(alive.groupLog));
    expect(await allPending(alive.groupLog)).toEqual([]);
    // Found empty, the group is still looked at: a commit that was announced may come late.
    const later = { ...bundle, epoch: 1n, requestId: named('r2'), commitHash: named('h2'), welcomes };
    await alive.groupLog.appendCommit(later);
    expect(await allPending(alive.groupLog)).toHaveLength(1);
  });

  it('is UNAVAILABLE when nobody listens, and after closing', async () => {
    const store = await open();
    store.close();
    await expect(store.groupLog.findGroup(groupId)).rejects.toMatchObject(unavailable);
    const nobody = { store: 'redis', url: 'redis://127.0.0.1:1', ...ACCESS, timeoutMs: 300 } as const;
    await expect(openRedis(nobody)).rejects.toMatchObject(unavailable);
  });

  it('accepts nothing when a replica is to be waited for and there is none', async () => {
    const store = await openRedis(targetOf(server, { replicas: 1, timeoutMs: 200 }));
    await expect(store.groupLog.createGroup(group)).rejects.toMatchObject(unavailable);
    expect(await store.isHealthy()).toBe(false);
    store.close();
  });
});

describeWithEngine('a Redis that asks who one is', () => {
  it('lets nobody in without the password, with a wrong one or as an unknown user', async () => {
    await withRedis({ password: 's3cret' }, async (server) => {
      for (const wrong of [{}, { password: 'guess' }, { username: 'nobody', password: 's3cret' }])
        await expect(openRedis(targetOf(server, { ...wrong, timeoutMs: 500 }))).rejects.toMatchObject(
          unavailable,
        );
      const store = await openRedis(targetOf(server, { password: 's3cret' }));
      expect(await store.isHealthy()).toBe(true);
      store.close();
    });
  });

  it('lets a user of its own in who may touch the keys and channels of Canopy only', async () => {
    const acl = ['--user', 'canopy', 'on', '>s3cret', '~canopy:*', '&canopy:*', '+@all', '-@dangerous'];
    await withRedis({ flags: acl }, async (server) => {
      const store = await openRedis(targetOf(server, { username: 'canopy', password: 's3cret' }));
      const reader = sleeper();
      await store.groupLog.createGroup(group);
      store.groupLog.onAppend(groupId, reader.wake);
      const woken = reader.next();
      expect(await append(store.groupLog, message(0n, 'm'))).toMatchObject({ outcome: 'accepted' });
      await woken;
      expect(await store.isHealthy()).toBe(true);
      store.close();
    });
  });

  it('never says the password in an error', async () => {
    await withRedis({ password: 's3cret' }, async (server) => {
      const failure: unknown = await openRedis(targetOf(server, { password: 'gu3ss', timeoutMs: 300 })).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(Error);
      const told = [failure, failure instanceof Error ? failure.cause : undefined].map(String).join(' ');
      expect(told).not.toContain('gu3ss');
    });
  });
});

describe('TLS', () => {
  const folder = `${import.meta.dirname}/tls`;
  const [certificate, key] = ['certificate', 'key'].map((name) => readFileSync(`${folder}/${name}.pem`));
  const tls: RedisFlags = {
    scheme: 'rediss:',
    flags: ['--port', '0', '--tls-port', '6379', '--tls-auth-clients', 'no'].concat([
      '--tls-cert-file',
      '/tmp/certificate.pem',
      '--tls-key-file',
      '/tmp/key.pem',
    ]),
    files: { '/tmp/certificate.pem': String(certificate), '/tmp/key.pem': String(key) },
  };

  describeWithEngine('to Redis', () => {
    it('works with the certificate that is trusted, and not with one that nobody vouches for', async () => {
      await withRedis(tls, async (server) => {
        await expect(openRedis(targetOf(server, { timeoutMs: 500 }))).rejects.toMatchObject(unavailable);
        if (certificate === undefined) throw new Error('no certificate');
        const store = await openRedis(targetOf(server, { ca: certificate }));
        expect(await store.groupLog.createGroup(group)).toEqual({ outcome: 'created' });
        store.close();
      });
    });
  });
});

async function withRedis(flags: RedisFlags, story: (server: RedisServers) => Promise<void>): Promise<void> {
  const server = await startRedis(flags);
  try {
    await story(server);
  } finally {
    await server.stop();
  }
}
