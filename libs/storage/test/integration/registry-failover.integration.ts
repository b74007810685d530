import { expect, it } from '@jest/globals';
import { auditHash, isAway, openRedis } from '../../src/index.ts';
import type { AuditRecord, Enrolment, Registry, Store } from '../../src/index.ts';
import { named } from '../bench.ts';
import { describeWithEngine } from './engine.ts';
import { untilTrue } from './redis-node.ts';
import { SENTINEL_NAME, startRedisCluster, startSentinel } from './redis-servers.ts';
import type { RedisServers } from './redis-servers.ts';

const NOW = 1_800_000_000_000;
const LATER = NOW + 86_400_000;
const ACCESS = { name: 'test', replicas: 1, timeoutMs: 2000, domain: 'example.com' } as const;
const WRITERS = 8;
const TIME_LIMIT_MS = 90_000;

const kinds = [
  {
    kind: 'a Cluster',
    start: startRedisCluster,
    open: ({ urls }: RedisServers) => openRedis({ store: 'redis-cluster', urls, ...ACCESS }),
  },
  {
    kind: 'Sentinel',
    start: startSentinel,
    open: ({ urls }: RedisServers) =>
      openRedis({ store: 'redis-sentinel', urls, sentinelName: SENTINEL_NAME, ...ACCESS }),
  },
] as const;

/** What writers were told. */
interface Told {
  readonly enrolled: Set<string>;
  readonly revoked: Set<string>;
  failures: number;
  isOver: boolean;
}

/** Tries until there is an answer; what is asked for is the same each time. */
async function answered<T>(told: Told, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      told.failures += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function enrolmentOf(name: string): Enrolment {
  return {
    evidenceHash: named(name),
    challenge: named(name),
    challengePurpose: 'enrol',
    device: `mimi://example.com/d/alice/${name}`,
    cipherSuite: 1,
    signaturePublicKey: named(name),
    nowMs: NOW,
    keepUntilMs: LATER,
    audit: named(`enrolled ${name}`),
  };
}

/** Enrols one device after the other and revokes every second one, until it is over. */
async function write(registry: Registry, told: Told, writer: number): Promise<void> {
  const user = `mimi://example.com/u/writer${writer}`;
  for (let i = 0; !told.isOver; i++) {
    const name = `writer${writer}device${i}`;
    const enrolment = enrolmentOf(name);
    const { evidenceHash, challenge, device } = enrolment;
    const code = { evidenceHash, user, expiresAtMs: LATER, nowMs: NOW, audit: named(`code ${name}`) };
    await answered(told, () => registry.putEvidence(code));
    const kept = { challenge, purpose: 'enrol', expiresAtMs: LATER, nowMs: NOW };
    await answered(told, () => registry.putChallenge(kept));
    const { outcome } = await answered(told, () => registry.completeEnrolment(enrolment));
    expect(['enrolled', 'alreadyEnrolled']).toContain(outcome);
    told.enrolled.add(device);
    if (i % 2 === 0) continue;
    const revocation = { device, user, nowMs: NOW, keepUntilMs: LATER, audit: named(`revoked ${name}`) };
    await answered(told, () => registry.revokeDevice(revocation));
    told.revoked.add(device);
  }
}

async function readAudit(registry: Registry): Promise<readonly AuditRecord[]> {
  const all: AuditRecord[] = [];
  for (;;) {
    const page = await registry.readAudit(all.at(-1)?.sequence ?? 0n, 500);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

async function requireNothingLost(registry: Registry, { enrolled, revoked }: Told): Promise<void> {
  for (const device of enrolled) {
    const known = await registry.findDevice(device);
    expect([device, known?.device]).toEqual([device, device]);
    if (revoked.has(device)) expect(known?.revokedAtMs).toBe(NOW);
  }
  const names = await registry.revokedNames({ nowMs: NOW, limit: 10_000 });
  expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining([...revoked]));
  const records = await readAudit(registry);
  for (const [i, { sequence, entry, hash }] of records.entries()) {
    expect(sequence).toBe(BigInt(i) + 1n);
    expect(Buffer.compare(hash, auditHash(records[i - 1]?.hash, entry))).toBe(0);
  }
  const entries = records.map(({ entry }) => Buffer.from(entry).toString());
  expect(new Set(entries).size).toBe(entries.length);
  expect(entries.length).toBeGreaterThanOrEqual(2 * enrolled.size + revoked.size);
}

for (const { kind, start, open } of kinds)
  describeWithEngine(`the registry when a master of ${kind} goes, with WAIT for a replica`, () => {
    it(
      'loses no enrolment and no revocation that was answered, does none twice, and its audit chain holds, over two kills',
      async () => {
        const servers = await start();
        const stores: readonly Store[] = [await open(servers), await open(servers)];
        const told: Told = { enrolled: new Set(), revoked: new Set(), failures: 0, isOver: false };
        const registryOf = (i: number): Registry =>
          (i % 2 === 0 ? stores[0] : stores[1])?.registry ?? never();
        const writing = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(registryOf(i), told, i)));
        writing.catch(() => {});
        const progress = (more: number): Promise<unknown> => {
          const wanted = told.revoked.size + more;
          return Promise.race([untilTrue(() => told.revoked.size >= wanted), writing]);
        };
        try {
          for (let kill = 0; kill < 2; kill++) {
            await progress(40);
            await servers.failOver();
            await progress(40);
          }
          told.isOver = true;
          await writing;
          expect(told.failures).toBeGreaterThan(0);
          await requireNothingLost(registryOf(0), told);
        } finally {
          told.isOver = true;
          for (const store of stores) store.close();
          await servers.stop();
        }
      },
      TIME_LIMIT_MS,
    );
  });

function never(): never {
  throw new Error('two stores were opened');
}
