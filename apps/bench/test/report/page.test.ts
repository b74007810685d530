import { describe, expect, it } from '@jest/globals';

import { labelOf } from '../../src/report/names.ts';
import { writePage } from '../../src/report/page.ts';
import { madeUpPeers, madeUpResult } from './made-up-result.ts';

const page = writePage(madeUpResult, 'benchmarks.svg');

/** Gives the rows of the table below a heading, cell by cell. */
function tableBelow(heading: string): readonly (readonly string[])[] {
  const [, below = ''] = page.split(`\n${heading}\n`);
  const [section = ''] = below.split(/\n##/);
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

describe('the page', () => {
  it('has the chart, the machine and every library with its version', () => {
    expect(page).toContain('(benchmarks.svg)');
    expect(page).toContain('Made-up CPU 9000, 2 cores, 24 GiB');
    for (const peer of madeUpPeers) expect(page).toContain(peer);
  });

  it('sums up suite 1 with 100 and 1000 members', () => {
    const [head, , ...rows] = tableBelow('## In short');
    expect(head?.slice(0, 7)).toEqual([
      'operation',
      'members',
      'Canopy node:crypto',
      '× floor',
      'Canopy sodium-native',
      '× floor',
      'ts-mls 1.6.4',
    ]);
    expect(rows[0]?.slice(0, 7)).toEqual([
      'create group, adding N − 1',
      '100',
      '24.4 ms',
      '1.40 ×',
      '10.4 ms',
      '1.20 ×',
      '1.65 s (158 ×)',
    ]);
    expect(new Set(rows.map(([, members]) => members))).toEqual(new Set(['100', '1000']));
  });

  it('has a row for each case of each suite and tree', () => {
    const rows = [
      '### Suite 1, warm tree (every member has committed)',
      '### Suite 1, fresh tree (all members added by one commit)',
      '### Suite 1, unmerged tree (nearly all leaves unmerged)',
      '### Suite 2, warm tree (every member has committed)',
    ].flatMap((heading) => tableBelow(heading).slice(2));
    const floors = madeUpResult.operations.filter(({ peer }) => peer === 'floor (sodium-native)');
    expect(rows).toHaveLength(floors.length);
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(floors.map(({ name }) => labelOf(name))));
  });

  it('says of each target whether it was met', () => {
    const rows = tableBelow('## Targets').slice(2);
    const outcomes = rows.map((cells) => cells.at(-1));
    expect(outcomes.filter((text) => text === 'met')).toHaveLength(82);
    expect(
      rows.filter((cells) => cells.at(-1) === '**missed**').map((cells) => [cells[1], cells[3]]),
    ).toEqual([
      ['at least 300 times faster than ts-mls', '158 ×, **missed**'],
      ['at least 500 times faster than ts-mls', '158 ×, **missed**'],
      ['at least 500 times faster than ts-mls', '158 ×, **missed**'],
      ['at most 2,048 bytes for each member', '2.05 KiB, **missed**'],
    ]);
    expect(page).toContain('82 met, 4 missed, 0 not measured.');
  });

  it('shows what each back end found, whichever decides', () => {
    const rows = tableBelow('## Targets');
    expect(rows[0]).toEqual(['operation', 'aim', '0.1.0 (node:crypto)', '0.1.0 (sodium-native)', 'outcome']);
    const join = rows.find(([subject, aim]) => subject?.startsWith('join') && aim?.includes('floor'));
    expect(join?.slice(2)).toEqual(['1.40 ×, **missed**', '1.20 ×, met', 'met']);
    expect(page).toMatch(
      /- canopy 0\.1\.0 \(node:crypto\) by itself: \d+ met, [1-9]\d* missed, 0 not measured/,
    );
    expect(page).toContain('- canopy 0.1.0 (sodium-native) by itself: 82 met, 4 missed, 0 not measured');
  });

  it('names everything that was left out, with the reason', () => {
    const [, section = ''] = page.split('## Left out');
    const entries = section.split('\n').filter((line) => line.startsWith('- '));
    for (const { name, peer, members, suite, reason } of madeUpResult.leftOut) {
      const entry = entries.find((line) => line.includes(peer) && line.includes(labelOf(name)));
      expect(entry).toContain(`${members}`);
      expect(entry).toMatch(new RegExp(`suite [^;]*${suite}`));
      expect(entry).toContain(reason);
    }
    expect(entries).toHaveLength(2);
  });

  it('has the bytes', () => {
    const [head, , ...rows] = tableBelow('## Bytes');
    // No column for libraries without a size.
    expect(head?.slice(4)).toEqual(['canopy sodium-native', 'ts-mls 1.6.4']);
    expect(rows[0]?.slice(0, 6)).toEqual(['bytes of a commit', '1', 'warm', '2', '502 B', '522 B']);
    expect(rows).toHaveLength(8);
  });

  it('keeps silent about what a result does not have', () => {
    const small = writePage({ ...madeUpResult, operations: [], sizes: [], leftOut: [] }, 'benchmarks.svg');
    expect(small).not.toMatch(/## (In short|Bytes|Left out)/);
    expect(small).toContain('## Machine');
  });
});
