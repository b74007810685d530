import { describe, expect, it } from '@jest/globals';

import { leftOutLines } from '../../src/report/left-out.ts';
import { readResult } from '../../src/report/read-result.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { markdownLines, plainLines } from '../../src/report/text-table.ts';
import { formatBytes, formatRatio, formatTime } from '../../src/report/units.ts';
import { madeUpPeers, madeUpResult } from './made-up-result.ts';

function cellsOf(line: string | undefined): string {
  return line?.trim().split(/ {2,}/).join(' | ') ?? '';
}

describe('figures', () => {
  it.each([
    [0.123, '0.12 µs'],
    [9.994, '9.99 µs'],
    [9.996, '10.0 µs'],
    [123.4, '123 µs'],
    [999.4, '999 µs'],
    [999.6, '1.00 ms'],
    [48_200, '48.2 ms'],
    [999_600, '1.00 s'],
    [126_025_000, '126 s'],
  ])('have three digits and a unit: %d µs is %s', (microseconds, text) => {
    expect(formatTime(microseconds)).toBe(text);
  });

  it('of bytes and factors likewise', () => {
    expect([500, 1023, 1024, 2_411_724].map(formatBytes)).toEqual([
      '500 B',
      '1023 B',
      '1.00 KiB',
      '2.30 MiB',
    ]);
    expect([0.5, 1.25, 12.34, 1234].map(formatRatio)).toEqual(['0.50 ×', '1.25 ×', '12.3 ×', '1,234 ×']);
  });
});

describe('a table', () => {
  const table = {
    columns: [
      { head: ['what'], align: 'left' },
      { head: ['ts-mls', '1.6.4'], align: 'right' },
    ],
    rows: [
      ['commit', '12 ms'],
      ['join', '–'],
    ],
  } as const;

  it('aligns its columns in the terminal', () => {
    expect(plainLines(table)).toEqual([
      '        ts-mls',
      'what     1.6.4',
      '──────  ──────',
      'commit   12 ms',
      'join         –',
    ]);
  });

  it('is written in Markdown as Prettier writes it', () => {
    expect(markdownLines(table)).toEqual([
      '| what   | ts-mls 1.6.4 |',
      '| ------ | -----------: |',
      '| commit |        12 ms |',
      '| join   |            – |',
    ]);
  });
});

describe('the report in the terminal', () => {
  const report = terminalReport(madeUpResult);
  const lines = report.split('\n');

  it('has a block for each suite and tree, and fits into 120 columns', () => {
    expect(lines.filter((line) => line.startsWith('Suite ')).map((line) => line.split(' (')[0])).toEqual([
      'Suite 1, warm tree',
      'Suite 1, fresh tree',
      'Suite 1, unmerged tree',
      'Suite 2, warm tree',
    ]);
    const tables = lines.slice(0, lines.indexOf('Left out'));
    expect(Math.max(...tables.map(({ length }) => length))).toBeLessThanOrEqual(120);
  });

  it("gives Canopy's time, the floor and each library, with a dash for what was not measured", () => {
    const start = lines.findIndex((line) => line.startsWith('commit: create '));
    expect(cellsOf(lines[start])).toBe(
      'commit: create | 2 | 382 µs | 1.40 × | 164 µs | 1.20 × | 158 × | 20.4 × | 2.75 × | 50.0 × | met',
    );
    expect(cellsOf(lines[start + 2])).toBe(
      '1000 | 693 µs | 1.40 × | 297 µs | 1.20 × | 158 × | 20.4 × | 2.75 × | – | missed',
    );
  });

  it('has no column for a library that was not measured in that suite and tree', () => {
    const operations = madeUpResult.operations.filter(
      ({ peer, suite }) => peer !== madeUpPeers[4] || suite === 2,
    );
    const blocks = terminalReport({ ...madeUpResult, operations }).split('\nSuite ');
    const withColumn = blocks.filter((block) => block.split('\n')[2]?.endsWith(' mls-ts'));
    expect(withColumn.map((block) => block.slice(0, 6))).toEqual(['2, war']);
  });

  it('ends with the targets that were missed: the figure and the aim', () => {
    const end = lines.slice(lines.findIndex((line) => line.startsWith('Targets: ')));
    expect(end).toEqual([
      'Targets: 82 met, 4 missed, 0 not measured',
      '  missed: commit: create, 1000 members, warm tree, suite 1: 158 ×; aim: at least 300 times faster than ts-mls',
      '  missed: commit: process, near leaf, 1000 members, warm tree, suite 1: 158 ×; aim: at least 500 times faster than ts-mls',
      '  missed: commit: process, far leaf, 1000 members, warm tree, suite 1: 158 ×; aim: at least 500 times faster than ts-mls',
      '  missed: memory for each member, 10000 members, warm tree, suite 1: 2.05 KiB; aim: at most 2,048 bytes for each member',
      expect.stringMatching(
        /^ {2}canopy 0\.1\.0 \(node:crypto\) by itself: \d+ met, [1-9]\d* missed, 0 not measured$/,
      ),
      '  canopy 0.1.0 (sodium-native) by itself: 82 met, 4 missed, 0 not measured',
      '',
    ]);
  });

  it('names where another library was faster', () => {
    const faster = madeUpResult.operations.map((row) =>
      row.peer === madeUpPeers[3] && row.name === 'load' && row.members === 2 && row.suite === 1
        ? { ...row, microseconds: 1 }
        : row,
    );
    expect(report).not.toContain('Another library was faster');
    expect(terminalReport({ ...madeUpResult, operations: faster })).toContain(
      'Another library was faster\n\n  load, 2 members, warm tree, suite 1: @wireapp/core-crypto 10.3.0 1.00 µs, Canopy on node:crypto 4.42 ms\n  load, 2 members, warm tree, suite 1: @wireapp/core-crypto 10.3.0 1.00 µs, Canopy on sodium-native 1.90 ms\n',
    );
  });
});

describe('what was left out', () => {
  it('is named once for each reason, with all suites, sizes and operations', () => {
    expect(leftOutLines(madeUpResult.leftOut)).toEqual([
      'mls-ts 0.1.0: everything (suite 1 and 2; 1000 members): too slow with 100 members',
      '@wireapp/core-crypto 10.3.0: save after a message (warm tree), save after a commit (warm tree) (suite 1; 2 and 100 members): it saves by itself in each operation',
    ]);
  });

  it('never claims more than was left out', () => {
    const left = { peer: 'x 1', reason: 'slow', suite: 1 };
    const lines = leftOutLines([
      { ...left, name: 'join', members: 100 },
      { ...left, name: 'join', members: 1000 },
      { ...left, name: 'load', members: 1000 },
    ]);
    expect(lines).toEqual([
      'x 1: join by Welcome (suite 1; 100 and 1000 members): slow',
      'x 1: load (suite 1; 1000 members): slow',
    ]);
  });
});

describe('the JSON of an earlier run', () => {
  it('gives the same result, and so the same table', () => {
    const read = readResult(JSON.stringify(madeUpResult));
    expect(read).toEqual(madeUpResult);
    expect(terminalReport(read)).toBe(terminalReport(madeUpResult));
  });

  it.each([
    ['{', 'the result is not JSON'],
    ['[]', 'the result.machine is not an object'],
    [JSON.stringify({ ...madeUpResult, operations: 7 }), 'the result.operations is not a list'],
    [
      JSON.stringify({ ...madeUpResult, operations: [{ ...madeUpResult.operations[0], name: 'walk' }] }),
      'the result.operations[0].name is not one of key-package,',
    ],
    [
      JSON.stringify({ ...madeUpResult, sizes: [{ ...madeUpResult.sizes[0], bytes: '9' }] }),
      'the result.sizes[0].bytes is not a number',
    ],
  ])('is refused in plain words where it is something else: %#', (text, words) => {
    expect(() => readResult(text)).toThrow(words);
  });
});
