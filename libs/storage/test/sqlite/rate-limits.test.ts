import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MAX_CLOCK_SKEW_MS, openSqlite } from '../../src/index.ts';
import { rateLimitsContract } from '../rate-limits.contract.ts';
import { inFile, inMemory, temporaryFolder } from './benches.ts';

describe('RateLimits on SQLite in memory', () => rateLimitsContract(inMemory((store) => store.rateLimits)));
describe('RateLimits on SQLite in a file', () => rateLimitsContract(inFile((store) => store.rateLimits)));

describe('RateLimits on SQLite', () => {
  it('forgets buckets that are full again, and keeps no names', async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'store.db');
    const store = openSqlite(path);
    const limit = { cost: 1, capacity: 1, refillPerSecond: 1 };
    for (let i = 0; i < 100; i++) await store.rateLimits.take({ ...limit, bucket: `alice ${i}`, nowMs: 0 });
    const later = 1_001 + MAX_CLOCK_SKEW_MS;
    for (let i = 0; i < 20; i++) await store.rateLimits.take({ ...limit, bucket: `bob ${i}`, nowMs: later });
    store.close();
    const file = new DatabaseSync(path);
    expect(file.prepare('SELECT count(*) AS buckets FROM rate_limit').get()).toEqual({ buckets: 20 });
    expect(file.prepare("SELECT * FROM rate_limit WHERE instr(bucket, 'bob') > 0").all()).toEqual([]);
    file.close();
    folder.remove();
  });

  it('fails for everybody who asked when the store is closed', async () => {
    const store = openSqlite(':memory:');
    store.close();
    const request = { bucket: 'alice', cost: 1, capacity: 1, refillPerSecond: 1, nowMs: 0 };
    const answers = await Promise.allSettled([
      store.rateLimits.take(request),
      store.rateLimits.take(request),
    ]);
    expect(answers.map((answer) => answer.status === 'rejected' && answer.reason.code)).toEqual([
      'CLOSED',
      'CLOSED',
    ]);
  });
});
