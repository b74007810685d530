import { afterAll, beforeAll } from '@jest/globals';
import { contracts } from './contracts.ts';
import type { Subject } from './contracts.ts';
import { describeWithEngine } from './engine.ts';
import { SENTINEL_NAME, startSentinel } from './redis-servers.ts';

describeWithEngine('on Redis with Sentinels, whose replicas have what was answered', () => {
  let subject: Subject;
  beforeAll(async () => {
    const servers = await startSentinel();
    const target = {
      store: 'redis-sentinel',
      urls: servers.urls,
      sentinelName: SENTINEL_NAME,
      name: 'test',
      replicas: 2,
      timeoutMs: 5000,
    } as const;
    subject = { servers, target };
  }, 60_000);
  afterAll(() => subject.servers.stop());

  contracts(() => subject);
});
