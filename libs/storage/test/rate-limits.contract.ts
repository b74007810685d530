/**
 * What all token buckets do.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MAX_CLOCK_SKEW_MS } from '../src/index.ts';
import type { RateLimits, TakeTokens } from '../src/index.ts';
import { on } from './bench.ts';
import type { StartBench } from './bench.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

/** Takes one token of a bucket of three that gets one back every ten seconds. */
async function take(limits: RateLimits, nowMs: number, more: Partial<TakeTokens> = {}): Promise<string> {
  const bucket = { bucket: 'alice', cost: 1, capacity: 3, refillPerSecond: 0.1 };
  const answer = await limits.take({ ...bucket, nowMs, ...more });
  return answer.outcome === 'taken' ? 'taken' : `empty for ${answer.retryAfterMs}`;
}

/** Takes until nothing is left, and says how much there was. */
async function drain(limits: RateLimits, nowMs: number): Promise<number> {
  let taken = 0;
  while ((await take(limits, nowMs)) === 'taken') taken++;
  return taken;
}

/** Replicas whose clocks differ by less than the largest skew ask for tokens now and then. */
const asking = fc.array(
  fc.record({
    atMs: fc.nat(200_000),
    skewMs: fc.integer({ min: -MAX_CLOCK_SKEW_MS / 2 + 1, max: MAX_CLOCK_SKEW_MS / 2 }),
    cost: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Runs the suite on stores made by `start`. */
export function rateLimitsContract(start: StartBench<RateLimits>): void {
  it(
    'gives what a bucket holds, then says when to come back, and keeps its word',
    on(start, async (limits) => {
      expect(await drain(limits, NOW)).toBe(3);
      expect(await take(limits, NOW)).toBe('empty for 10000');
      expect(await take(limits, NOW + 9_999)).toBe('empty for 1');
      expect(await take(limits, NOW + 10_000)).toBe('taken');
      expect(await take(limits, NOW + 10_000)).toBe('empty for 10000');
    }),
  );

  it(
    'never holds more than its capacity, however long nobody took',
    on(start, async (limits) => {
      await take(limits, NOW);
      expect(await drain(limits, NOW + 1000 * HOUR)).toBe(3);
    }),
  );

  it(
    'takes all or nothing, and never what is more than the capacity',
    on(start, async (limits) => {
      expect(await take(limits, NOW, { cost: 2 })).toBe('taken');
      expect(await take(limits, NOW, { cost: 2 })).toBe('empty for 10000');
      expect(await take(limits, NOW, { cost: 1 })).toBe('taken');
      expect(await take(limits, NOW, { cost: 4 })).toBe('empty for 30000');
      expect(await take(limits, NOW + HOUR, { cost: 4 })).toMatch('empty for');
      expect(await take(limits, NOW + HOUR, { cost: 3 })).toBe('taken');
    }),
  );

  it(
    'costs nothing to be refused',
    on(start, async (limits) => {
      await drain(limits, NOW);
      for (let i = 0; i < 50; i++) await take(limits, NOW + i);
      expect(await take(limits, NOW + 10_000)).toBe('taken');
    }),
  );

  it(
    'keeps buckets apart, whatever their names are',
    on(start, async (limits) => {
      const names = ['a', 'A', 'a:b', '{a}b', '{a}c', 'ä', '', 'x'.repeat(100_000)];
      for (const bucket of names) expect(await take(limits, NOW, { bucket, cost: 3 })).toBe('taken');
      for (const bucket of names) expect(await take(limits, NOW, { bucket })).toBe('empty for 10000');
    }),
  );

  it(
    'follows a limit that was changed',
    on(start, async (limits) => {
      await drain(limits, NOW);
      expect(await take(limits, NOW + 1_000, { refillPerSecond: 1 })).toBe('taken');
      await take(limits, NOW + HOUR, { cost: 2 });
      expect(await take(limits, NOW + HOUR, { capacity: 1, cost: 1 })).toBe('taken');
      expect(await take(limits, NOW + HOUR, { capacity: 1, cost: 1 })).toMatch('empty for');
    }),
  );

  it(
    'gives many that ask at once through several connections no more than there is',
    on(start, async (limits, bench) => {
      const doors = [limits, await bench.open(), await bench.open()];
      const answers = await Promise.all(
        Array.from({ length: 90 }, (_, i) => take(doors[i % 3] ?? limits, NOW, { capacity: 20 })),
      );
      expect(answers.filter((answer) => answer === 'taken')).toHaveLength(20);
    }),
  );

  it(
    'gives replicas with different clocks no more than the fastest of them would get',
    on(start, async (limits, bench) => {
      const other = await bench.open();
      const ahead = 5_000;
      let taken = await drain(limits, NOW);
      for (let ms = 0; ms <= 100_000; ms += 1_000) {
        taken += await drain(limits, NOW + ms);
        taken += await drain(other, NOW + ms + ahead);
      }
      expect(taken).toBe(3 + Math.floor((100_000 + ahead) / 10_000));
    }),
  );

  it(
    'is not shut for long by a clock that was far ahead',
    on(start, async (limits) => {
      await drain(limits, NOW + HOUR);
      expect(await take(limits, NOW)).toBe('empty for 10000');
      expect(await take(limits, NOW + 9_999)).toBe('empty for 1');
      expect(await take(limits, NOW + 10_000)).toBe('taken');
    }),
  );

  it(
    'tells a replica whose clock is a little behind how long it is for its own clock',
    on(start, async (limits) => {
      await drain(limits, NOW + MAX_CLOCK_SKEW_MS);
      expect(await take(limits, NOW)).toBe(`empty for ${MAX_CLOCK_SKEW_MS + 10_000}`);
      expect(await take(limits, NOW + MAX_CLOCK_SKEW_MS + 10_000)).toBe('taken');
    }),
  );

  it(
    'never gives more than a bucket holds and gets back, whatever the replicas’ clocks say',
    on(start, async (limits) => {
      let buckets = 0;
      await fc.assert(
        fc.asyncProperty(asking, async (asked) => {
          buckets += 1;
          const bucket = `bucket ${buckets}`;
          const times: number[] = [];
          let taken = 0;
          for (const { atMs, skewMs, cost } of asked.toSorted((a, b) => a.atMs - b.atMs)) {
            const nowMs = NOW + atMs + skewMs;
            times.push(nowMs);
            if ((await take(limits, nowMs, { bucket, cost })) === 'taken') taken += cost;
          }
          const elapsedMs = Math.max(...times) - Math.min(...times);
          expect(taken).toBeLessThanOrEqual(3 + elapsedMs / 10_000 + 1e-6);
        }),
        { numRuns: 30 },
      );
    }),
  );
}
