import { describe, expect, it } from '@jest/globals';

import { readArguments, USAGE, type FuzzOptions } from '../src/arguments.ts';
import { Campaign, type Outcome, type Surroundings } from '../src/campaign.ts';
import { actions } from '../src/structure/run-world.ts';

const once: FuzzOptions = {
  seconds: undefined,
  seed: 5,
  only: undefined,
  members: 3,
  suite: 1,
  steps: 30,
};

interface Printed extends Outcome {
  readonly text: string;
}

/** Runs a campaign with a clock that a look moves on by so many milliseconds. */
async function run(options: FuzzOptions, around: Partial<Surroundings> = {}, tick = 0): Promise<Printed> {
  let text = '';
  let time = 0;
  const output = { isTerminal: false, write: (more: string) => void (text += more) };
  const now = (): number => (time += tick);
  const surroundings = { output, now, isStopped: () => false, actions, ...around };
  const outcome = await new Campaign(options, options.seed ?? 1, surroundings).run();
  return { ...outcome, text };
}

const broken: Surroundings['actions'] = [
  ...actions,
  [
    500,
    'break',
    ({ step }): void => {
      if (step === 7) throw new RangeError('planted');
    },
  ],
];

describe('a run', () => {
  it('of one seed plays both parts once and tells what was done', async () => {
    const { text, counts, findings } = await run(once);
    expect(findings).toEqual([]);
    expect(counts.of('world structure')).toBe(1);
    expect(counts.of('world bytes')).toBe(1);
    expect(text).toContain('fuzz: from seed 5\n');
    expect(text).toMatch(/operations +\d/);
    expect(text).toMatch(/findings +0\n$/);
  });

  it.each(['structure', 'bytes'] as const)('plays only the part that is asked for: %s', async (only) => {
    const { counts } = await run({ ...once, only });
    expect(counts.of('world structure') + counts.of('world bytes')).toBe(1);
    expect(counts.of(`world ${only}`)).toBe(1);
  });

  it('goes on with the next seeds until the time is over', async () => {
    const { counts, text } = await run({ ...once, only: 'structure', seconds: 4 }, {}, 10);
    expect(counts.of('world structure')).toBeGreaterThan(2);
    expect(text).toContain('fuzz: from seed 5, 4 s');
  });

  it('tells where it is, each second on a terminal', async () => {
    let text = '';
    const output = { isTerminal: true, write: (more: string) => void (text += more) };
    await run({ ...once, only: 'structure', seconds: 5 }, { output }, 10);
    expect(text.match(/\d+ s, seed \d+, \d+ seeds, \d+ operations, 0 findings/g)?.length).toBeGreaterThan(2);
  });

  it('ends when somebody stops it', async () => {
    let looks = 0;
    const isStopped = (): boolean => (looks += 1) > 50;
    const { counts } = await run({ ...once, seconds: 1000, steps: 1000 }, { isStopped });
    expect(counts.of('world structure')).toBe(1);
  });

  it('prints a finding with the command that plays it again, and goes on', async () => {
    const options = { ...once, only: 'structure', seconds: 2 } as const;
    const { findings, text } = await run(options, { actions: broken }, 10);
    expect(findings.length).toBeGreaterThan(1);
    expect(findings[0]).toMatchObject({
      part: 'structure',
      seed: 5,
      step: 7,
      message: 'RangeError: planted',
    });
    const again = 'npm run fuzz -- --only structure --seed 5 --members 3 --suite 1 --steps 30';
    expect(findings[0]?.replay).toBe(again);
    expect(text).toContain('FINDING in structure, seed 5, step 7: RangeError: planted');
    expect(text).toContain(again);
  });

  it('ends after ten findings', async () => {
    const { findings } = await run({ ...once, only: 'structure', seconds: 10_000 }, { actions: broken });
    expect(findings).toHaveLength(10);
  });
});

describe('the command line', () => {
  it('has defaults', () => {
    expect(readArguments([])).toMatchObject({ seconds: 60, seed: undefined, only: undefined });
    expect(readArguments(['--seed', '7'])).toMatchObject({ seconds: undefined, seed: 7 });
  });

  it('takes what the usage tells', () => {
    const words = '--seconds 5 --seed 1 --only bytes --members 4 --suite 7 --steps 9'.split(' ');
    expect(readArguments(words)).toEqual({
      seconds: 5,
      seed: 1,
      only: 'bytes',
      members: 4,
      suite: 7,
      steps: 9,
    });
    for (const word of words.filter((one) => one.startsWith('--'))) expect(USAGE).toContain(word);
    expect(readArguments(['--help'])).toBeUndefined();
  });

  it.each([
    ['--seconds', '0'],
    ['--seconds', 'soon'],
    ['--seed', '-1'],
    ['--seed', ''],
    ['--seed', '4294967296'],
    ['--members', '21'],
    ['--suite', '8'],
    ['--only', 'everything'],
    ['--sed', '1'],
  ])('refuses %s %s in plain words', (...words) => {
    expect(() => readArguments(words)).toThrow(/--/);
  });
});
