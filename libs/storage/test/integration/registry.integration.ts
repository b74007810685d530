import { afterAll, beforeAll, describe } from '@jest/globals';
import { registryContract } from '../registry.contract.ts';
import { whyNoEngine } from './engine.ts';
import { onRedis, startClusterOfOne, startSingle } from './redis-benches.ts';
import type { RedisServer } from './redis-benches.ts';

const noEngine = await whyNoEngine();
if (noEngine !== undefined)
  process.stderr.write(`skipped: Registry on Redis, no Docker engine: ${noEngine}\n`);
const withEngine = noEngine === undefined ? describe : describe.skip;

for (const [where, start] of [
  ['one Redis', startSingle],
  ['a Redis Cluster, which refuses a step over several slots', startClusterOfOne],
] as const)
  withEngine(`Registry on ${where}`, () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.container.stop({ timeout: 0 }));

    registryContract(
      onRedis(
        () => server,
        (store) => store.registry,
      ),
    );
  });
