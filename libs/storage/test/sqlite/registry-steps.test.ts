import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EXPIRED_EVIDENCE_KEPT_MS } from '../../src/index.ts';
import { SqliteConnection } from '../../src/sqlite/connection.ts';
import { migrate } from '../../src/sqlite/migrate.ts';
import { SqliteRegistry } from '../../src/sqlite/registry.ts';
import { named } from '../bench.ts';

const NOW = 1_800_000_000_000;
const USER = 'mimi://example.com/u/alice';

let connection: SqliteConnection;
let registry: SqliteRegistry;

beforeEach(() => {
  connection = new SqliteConnection(':memory:', 1_000);
  migrate(connection);
  registry = new SqliteRegistry(connection);
});

afterEach(() => connection.close());

/** How many transactions there were, each of which waits for the disk. */
const transactions = (): number => Number(connection.version().split(' ')[1]);

describe('the registry on SQLite', () => {
  it('keeps and uses challenges that come together in one transaction: strangers ask for them', async () => {
    const challenges = Array.from({ length: 100 }, (_, i) => named(`challenge ${i}`));
    const before = transactions();
    const times = { expiresAtMs: NOW + 1_000, nowMs: NOW };
    await Promise.all(
      challenges.map((challenge) => registry.putChallenge({ challenge, purpose: 'p', ...times })),
    );
    expect(transactions() - before).toBe(1);
    const uses = challenges.map((challenge) =>
      registry.consumeChallenge({ challenge, purpose: 'p', nowMs: NOW }),
    );
    const outcomes = await Promise.all(uses);
    expect(outcomes.every(({ outcome }) => outcome === 'consumed')).toBe(true);
    expect(transactions() - before).toBe(2);
  });

  it('forgets evidence that nobody used, a month after it has expired', async () => {
    const put = (name: string, nowMs: number) =>
      registry.putEvidence({
        evidenceHash: named(name),
        user: USER,
        expiresAtMs: nowMs + 10,
        nowMs,
        audit: named(name),
      });
    for (const name of ['unused', 'used']) await put(name, NOW);
    const challenge = named('challenge');
    await registry.putChallenge({ challenge, purpose: 'p', expiresAtMs: NOW, nowMs: NOW });
    await registry.completeEnrolment({
      evidenceHash: named('used'),
      challenge,
      challengePurpose: 'p',
      device: 'd',
      cipherSuite: 1,
      signaturePublicKey: named('key'),
      nowMs: NOW,
      keepUntilMs: NOW,
      audit: named('enrolled'),
    });
    await put('next', NOW + 10 + EXPIRED_EVIDENCE_KEPT_MS);
    expect(await registry.findEvidence(named('unused'))).toBeDefined();
    await put('last', NOW + 11 + EXPIRED_EVIDENCE_KEPT_MS);
    expect(await registry.findEvidence(named('unused'))).toBeUndefined();
    expect(await registry.findEvidence(named('used'))).toMatchObject({ usedBy: 'd' });
  });
});
