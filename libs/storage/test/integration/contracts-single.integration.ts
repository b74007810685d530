import { afterAll, beforeAll } from '@jest/globals';
import { contracts } from './contracts.ts';
import type { Subject } from './contracts.ts';
import { describeWithEngine } from './engine.ts';
import { startRedis } from './redis-servers.ts';

describeWithEngine('on one Redis', () => {
  let subject: Subject;
  beforeAll(async () => {
    const servers = await startRedis();
    const target = {
      store: 'redis',
      url: servers.urls[0] ?? '',
      name: 'test',
      replicas: 0,
      timeoutMs: 5000,
    } as const;
    subject = { servers, target };
  }, 60_000);
  afterAll(() => subject.servers.stop());

  contracts(() => subject);
});
