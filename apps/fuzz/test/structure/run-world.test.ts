import { describe, expect, it } from '@jest/globals';

import { Counts } from '../../src/counts.ts';
import { live } from '../worlds.ts';

describe('a simulated group', () => {
  it('lives without a finding', async () => {
    const all = new Counts();
    for (const seed of [1, 2, 3, 4]) {
      const { counts, finding } = await live(seed);
      expect(finding?.message).toBeUndefined();
      all.addAll(counts);
    }
    expect(all.sum('operation ')).toBeGreaterThan(400);
    expect(all.of('commit taken')).toBeGreaterThan(20);
    expect(all.of('delivered application')).toBeGreaterThan(100);
    for (const what of [
      'join by Welcome',
      'external join',
      'probe',
      'intrusion',
      'settled',
      'restart',
      'crash',
    ]) {
      expect([what, all.of(what)]).not.toEqual([what, 0]);
    }
  });

  it.each([2, 3, 4, 5, 6, 7])('lives in cipher suite %i', async (suite) => {
    const { counts, finding } = await live(50 + suite, { suite, steps: 60, members: 4 });
    expect(finding?.message).toBeUndefined();
    expect(counts.of(`suite ${suite}`)).toBe(1);
  });

  it('grows to twenty members', async () => {
    const { counts, finding } = await live(9, { members: 20, steps: 500 });
    expect(finding?.message).toBeUndefined();
    expect(counts.of('join by Welcome') + counts.of('external join')).toBeGreaterThan(15);
  });

  it('does the same things for the same seed, and others for another', async () => {
    const [first, again, other] = [await live(11), await live(11), await live(12)];
    const done = ({ counts }: typeof first): unknown => counts.withPrefix('');
    expect(done(again)).toEqual(done(first));
    expect(done(other)).not.toEqual(done(first));
  });
});
