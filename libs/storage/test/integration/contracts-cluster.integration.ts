import { afterAll, beforeAll } from '@jest/globals';
import { contracts } from './contracts.ts';
import type { Subject } from './contracts.ts';
import { describeWithEngine } from './engine.ts';
import { startRedisCluster } from './redis-servers.ts';

describeWithEngine(
  'on a Redis Cluster of three masters and three replicas, whose replicas have what was answered',
  () => {
    let subject: Subject;
    beforeAll(async () => {
      const servers = await startRedisCluster();
      const target = {
        store: 'redis-cluster',
        urls: servers.urls,
        name: 'test',
        replicas: 1,
        timeoutMs: 5000,
      } as const;
      subject = { servers, target };
    }, 60_000);
    afterAll(() => subject.servers.stop());

    contracts(() => subject);
  },
);
