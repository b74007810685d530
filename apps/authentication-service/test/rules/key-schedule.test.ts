import type { SigningKey } from '@canopy/storage';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { planKeys, publishedAheadMs, timesOf } from '../../src/rules/key-schedule.ts';

const HOUR = 3_600_000;
const settings = { lifetimeMs: 24 * HOUR, longestMs: 48 * HOUR };
const ahead = publishedAheadMs(settings);

function keyFrom(kid: string, signsFromMs: number, privateKey: string | undefined = 'private'): SigningKey {
  return { kid, publicJwk: '{}', privateKey, ...timesOf(signsFromMs, settings) };
}

const names = (keys: readonly SigningKey[]): readonly string[] => keys.map(({ kid }) => kid);

describe('the schedule of signing keys', () => {
  it('makes the first key at once', () => {
    expect(planKeys([], 7, settings)).toMatchObject({ current: undefined, successorFromMs: 7 });
  });

  it('makes the next key a while before it signs, and lets it sign exactly then', () => {
    const first = keyFrom('1', 0);
    const end = first.signsUntilMs;
    expect(planKeys([first], end - ahead - 1, settings).successorFromMs).toBeUndefined();
    expect(planKeys([first], end - ahead, settings).successorFromMs).toBe(end);
    const both = [keyFrom('2', end), first];
    expect(planKeys(both, end - 1, settings).current?.kid).toBe('1');
    expect(names(planKeys(both, end - 1, settings).published)).toEqual(['2', '1']);
    expect(planKeys(both, end, settings).current?.kid).toBe('2');
  });

  it('publishes an old key until nothing that it signed holds, and forgets its private part long before', () => {
    const first = keyFrom('1', 0);
    const both = [keyFrom('2', first.signsUntilMs), first];
    const lastToken = first.signsUntilMs + settings.longestMs;
    expect(names(planKeys(both, first.signsUntilMs + ahead - 1, settings).retired)).toEqual([]);
    expect(names(planKeys(both, first.signsUntilMs + ahead, settings).retired)).toEqual(['1']);
    expect(names(planKeys(both, lastToken, settings).published)).toEqual(['2', '1']);
    expect(names(planKeys(both, first.publishedUntilMs, settings).published)).toEqual(['2']);
  });

  it('begins at once after a long absence, and keeps the last key until there is another', () => {
    const first = keyFrom('1', 0);
    const late = first.publishedUntilMs + HOUR;
    const plan = planKeys([first], late, settings);
    expect(plan).toMatchObject({ successorFromMs: late, dropped: [], retired: [] });
    expect(names(planKeys([keyFrom('2', late), first], late, settings).published)).toEqual(['2']);
  });

  it('keeps a hundred keys, which a clock that was wrong does not take away, and drops what is older', () => {
    const lifetimes = Array.from({ length: 120 }, (_, index) => 119 - index);
    const keys = lifetimes.map((index) => keyFrom(`${index}`, index * settings.lifetimeMs));
    const wrong = planKeys(keys, 10_000 * settings.lifetimeMs, settings);
    expect(names(wrong.dropped)).toEqual(names(keys.slice(100)));
    const kept = keys.filter((key) => !wrong.dropped.includes(key));
    const now = 119 * settings.lifetimeMs;
    expect(names(planKeys(kept, now, settings).published)).toEqual(
      names(planKeys(keys, now, settings).published),
    );
    expect(planKeys(keys, now, settings).published.length).toBeGreaterThan(2);
  });

  it('makes another key at once when what is signed is to hold for longer than the newest key is published', () => {
    const longer = { ...settings, longestMs: settings.longestMs * 30 };
    const plan = planKeys([keyFrom('1', 0)], HOUR, longer);
    expect(plan.successorFromMs).toBe(HOUR);
    const next: SigningKey = { kid: '2', publicJwk: '{}', privateKey: 'private', ...timesOf(HOUR, longer) };
    const after = planKeys([next, keyFrom('1', 0)], HOUR, longer);
    expect([after.successorFromMs, after.current?.kid]).toEqual([undefined, '2']);
    // One that was made for longer is good for less.
    expect(planKeys([next, keyFrom('1', 0)], HOUR, settings).successorFromMs).toBeUndefined();
  });

  it('never signs with a key that is not published, whatever happens when', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 * HOUR }), { maxLength: 40 }), (pauses) => {
        let [now, keys]: [number, readonly SigningKey[]] = [0, []];
        for (const pause of pauses) {
          now += pause;
          let plan = planKeys(keys, now, settings);
          if (plan.successorFromMs !== undefined) {
            keys = [keyFrom(`${keys.length} ${now}`, plan.successorFromMs), ...keys];
            plan = planKeys(keys, now, settings);
          }
          keys = plan.published.map((key) =>
            plan.retired.includes(key) ? { ...key, privateKey: undefined } : key,
          );
          const { current } = plan;
          expect(current?.privateKey).toBeDefined();
          expect(names(plan.published)).toContain(current?.kid);
          expect(current?.signsFromMs).toBeLessThanOrEqual(now);
          expect(current?.signsUntilMs).toBeGreaterThan(now);
          expect(plan.published.length).toBeLessThan(6);
        }
      }),
    );
  });
});
