import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { auditHash, openRedis } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { named } from '../bench.ts';
import { describeWithEngine } from './engine.ts';
import { startRedis } from './redis-servers.ts';
import type { RedisServers } from './redis-servers.ts';

describeWithEngine('the registry on one Redis', () => {
  let servers: RedisServers;
  beforeAll(async () => {
    servers = await startRedis();
  }, 60_000);
  afterAll(() => servers.stop());

  const open = (domain: string): Promise<Store> => {
    const url = servers.urls[0] ?? '';
    return openRedis({ store: 'redis', url, name: 'test', replicas: 0, timeoutMs: 5000, domain });
  };

  it('goes on chaining the audit log when Redis has lost its end', async () => {
    const [one, two] = [await open('a.example'), await open('a.example')];
    for (const entry of ['a', 'b']) await one.registry.appendAudit(named(entry));
    await servers.flush();
    for (const entry of ['c', 'd']) await two.registry.appendAudit(named(entry));
    await one.registry.appendAudit(named('e'));
    const records = await one.registry.readAudit(0n, 10);
    expect(records.map(({ entry }) => Buffer.from(entry).toString())).toEqual(['c', 'd', 'e']);
    for (const [i, { entry, hash }] of records.entries()) {
      expect(hash).toEqual(auditHash(records[i - 1]?.hash, entry));
    }
    one.close();
    two.close();
  });

  it('forgets evidence that nobody used, and keeps what was used', async () => {
    await servers.flush();
    const store = await open('a.example');
    const { registry } = store;
    const nowMs = Date.now();
    const [user, evidenceHash] = ['mimi://a.example/u/alice', named('code')];
    const times = { expiresAtMs: nowMs + 60_000, nowMs };
    await registry.putEvidence({ evidenceHash, user, ...times, audit: named('a') });
    const key = `canopy:registry:{as:a.example}:evidence:${Buffer.from(evidenceHash).toString('hex')}`;
    const lives = (test: string) =>
      servers.tell(
        'EVAL',
        `if ${test} then return 'OK' end return redis.error_reply('ERR lives ' .. redis.call('PTTL', KEYS[1]))`,
        '1',
        key,
      );
    const month = 30 * 86_400_000;
    await lives(
      `redis.call('PTTL', KEYS[1]) > ${month} and redis.call('PTTL', KEYS[1]) <= ${month + 60_000}`,
    );
    await registry.putChallenge({ challenge: named('c'), purpose: 'p', ...times });
    const shown = { evidenceHash, challenge: named('c'), challengePurpose: 'p' };
    const made = { device: 'd', cipherSuite: 1, signaturePublicKey: named('k'), nowMs, keepUntilMs: nowMs };
    await registry.completeEnrolment({ ...shown, ...made, audit: named('b') });
    await lives("redis.call('PTTL', KEYS[1]) == -1");
    await expect(lives("redis.call('PTTL', KEYS[1]) > 0")).rejects.toThrow('lives -1');
    store.close();
  });

  it('keeps the registries of two domains apart', async () => {
    await servers.flush();
    const [one, two] = [await open('a.example'), await open('b.example')];
    await one.registry.appendAudit(named('a'));
    expect(await two.registry.readAudit(0n, 10)).toEqual([]);
    expect(await one.registry.versionOfTrustAnchors(named('x'))).toBe(1n);
    expect(await two.registry.versionOfTrustAnchors(named('y'))).toBe(1n);
    one.close();
    two.close();
  });
});
