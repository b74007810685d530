import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditHash, openRedis } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { named } from '../bench.ts';
import { registryContract } from '../registry.contract.ts';
import { whyNoEngine } from './engine.ts';
import { ACCESS, onRedis, startClusterOfOne, startSingle, tell, urlOf } from './redis-benches.ts';
import type { RedisServer } from './redis-benches.ts';

const noEngine = await whyNoEngine();
if (noEngine !== undefined)
  process.stderr.write(`skipped: Registry on Redis, no Docker engine: ${noEngine}\n`);
const withEngine = noEngine === undefined ? describe : describe.skip;

const single = ({ container }: RedisServer) => ({ store: 'redis', url: urlOf(container) }) as const;
const cluster = ({ container }: RedisServer) =>
  ({ store: 'redis-cluster', urls: [urlOf(container)] }) as const;

for (const [where, start, target] of [
  ['one Redis', startSingle, single],
  ['a Redis Cluster, which refuses a step over several slots', startClusterOfOne, cluster],
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

    it('goes on chaining the audit log when Redis has lost its end', async () => {
      const [one, two] = [await server.open(), await server.open()];
      for (const entry of ['a', 'b']) await one.registry.appendAudit(named(entry));
      await tell(server.container, ['FLUSHALL']);
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

    it('keeps the registries of two domains apart', async () => {
      await tell(server.container, ['FLUSHALL']);
      const open = (domain: string): Promise<Store> => openRedis({ ...target(server), ...ACCESS, domain });
      const [one, two] = [await open('a.example'), await open('b.example')];
      await one.registry.appendAudit(named('a'));
      expect(await two.registry.readAudit(0n, 10)).toEqual([]);
      expect(await one.registry.versionOfTrustAnchors(named('x'))).toBe(1n);
      expect(await two.registry.versionOfTrustAnchors(named('y'))).toBe(1n);
      one.close();
      two.close();
    });
  });
