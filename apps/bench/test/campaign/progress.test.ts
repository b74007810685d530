import { describe, expect, it } from '@jest/globals';

import { Progress } from '../../src/progress.ts';
import type { Sample, Setting } from '../../src/scenario/scenario.ts';

const settings = [2, 100].map((members): Setting => ({
  suite: 1,
  members,
  trees: ['warm'],
  players: 'all',
  cycles: 10,
}));

function sampleOf({ suite, members }: Setting): Sample {
  return { operation: 'join', tree: 'warm', members, suite, peer: 'ts-mls 1.6.4', nanoseconds: 1n };
}

/** Plays both settings with ten cycles, each of a second. */
function play(isTerminal: boolean): string {
  let text = '';
  let time = 0;
  const output = { isTerminal, write: (more: string) => void (text += more) };
  const progress = new Progress(settings, output, () => time);
  for (const setting of settings) {
    progress.setting(setting);
    for (let cycle = 0; cycle < 10; cycle += 1) {
      progress.sample(sampleOf(setting));
      time += 1000;
      progress.cycle(cycle);
    }
  }
  progress.end();
  return text;
}

describe('the progress', () => {
  it('is one line on a terminal, replaced each time and cleared at the end', () => {
    const text = play(true);
    expect(text).not.toContain('\n');
    const lines = text.split('\r\u001B[K').slice(1);
    expect(lines[0]).toBe('suite 1, 2 members: building the groups');
    expect(lines[1]).toBe('suite 1, 2 members, cycle 1 of 10 at most: join by Welcome, ts-mls 1.6.4; 0 %');
    expect(lines.at(-1)).toBe('');
  });

  it('goes up, and guesses the time that is left', () => {
    const lines = play(true).split('\r\u001B[K');
    const parts = lines.flatMap((line) => /; (\d+) %/.exec(line)?.[1] ?? []).map(Number);
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
    expect(parts.at(-1)).toBeGreaterThan(85);
    expect(lines.at(-2)).toMatch(/cycle 10 of 10 .* perhaps [123] s left$/);
  });

  it('is a plain line for each group and each half minute elsewhere', () => {
    const text = play(false);
    expect(text).not.toContain('\u001B');
    expect(text.split('\n')).toEqual([
      'suite 1, 2 members',
      'suite 1, 2 members, cycle 1 of 10 at most: join by Welcome, ts-mls 1.6.4; 0 %',
      'suite 1, 100 members',
      '',
    ]);
  });
});
