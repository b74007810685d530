import { describe, expect, it } from '@jest/globals';

import type { BenchmarkResult, OperationRow, SizeRow } from '../../src/operations.ts';
import { targetOf } from '../../src/targets.ts';
import { findFasterPeers, judge, type Verdict } from '../../src/verdicts.ts';
import { madeUpResult } from '../report/made-up-result.ts';

const one = { name: 'commit-create', tree: 'warm', members: 100, suite: 1 } as const;

function row(more: Partial<OperationRow>): OperationRow {
  return { ...one, peer: 'canopy 0.1.0 (sodium-native)', microseconds: 10, runs: 15, ...more };
}

function deciding(operations: readonly OperationRow[], sizes: readonly SizeRow[] = []): readonly Verdict[] {
  return judge(resultOf(operations, sizes)).map((judgement) => judgement.deciding);
}

function resultOf(operations: readonly OperationRow[], sizes: readonly SizeRow[] = []): BenchmarkResult {
  return { ...madeUpResult, operations, sizes };
}

describe('the targets', () => {
  it.each([
    ['commit-create', 2, { ratio: 12, floorRatio: 1.6 }],
    ['commit-create', 10, { floorRatio: 1.6 }],
    ['commit-create', 100, { ratio: 80, floorRatio: 1.6 }],
    ['commit-create', 1000, { ratio: 300, growth: 1.5, floorRatio: 1.6 }],
    ['commit-process-far', 1000, { ratio: 500, growth: 1.5, floorRatio: 1.6 }],
    ['add-create', 1000, { growth: 1.5, floorRatio: 1.8 }],
    ['remove-process', 100, { ratio: 80, floorRatio: 1.6 }],
    ['commit-process-near', 10_000, { growth: 1.4, floorRatio: 1.6 }],
    ['join', 10_000, { floorRatio: 1.3 }],
    ['join', 100, { ratio: 20, floorRatio: 1.3 }],
    ['unprotect-100', 100, { ratio: 8, floorRatio: 1.6 }],
    ['save-message', 100, { ratio: 100 }],
  ] as const)('of %s with %d members', (name, members, target) => {
    expect(targetOf({ ...one, name, members })).toEqual(target);
  });

  it('of joining are the same on every tree, those of creating a group stand at the fresh tree', () => {
    for (const tree of ['warm', 'fresh', 'unmerged'] as const)
      expect(targetOf({ ...one, name: 'join', tree, members: 2 })).toEqual({ ratio: 10, floorRatio: 1.3 });
    expect(targetOf({ ...one, name: 'create-group', tree: 'fresh' })).toEqual({ ratio: 5, floorRatio: 1.3 });
    expect(targetOf({ ...one, name: 'create-group' })).toBeUndefined();
  });

  it('are for suite 1 only, and not for every operation', () => {
    expect(targetOf({ ...one, suite: 2 })).toBeUndefined();
    expect(targetOf({ ...one, name: 'external-join' })).toBeUndefined();
    expect(targetOf({ ...one, name: 'save-message', members: 2 })).toBeUndefined();
  });
});

describe('a verdict', () => {
  it.each([
    ['ratio', 80, 'met'],
    ['ratio', 79.9, 'missed'],
    ['floorRatio', 1.6, 'met'],
    ['floorRatio', 1.61, 'missed'],
  ] as const)('on a %s of %d is %s', (part, found, outcome) => {
    const target = part === 'ratio' ? { ratio: 80 } : { floorRatio: 1.6 };
    const verdicts = deciding([row({ target, [part]: found })]);
    expect(verdicts).toEqual([expect.objectContaining({ part, found, outcome })]);
  });

  it.each([
    [15, 'met'],
    [15.1, 'missed'],
  ])('on growth compares with 100 members of the same case: %d is %s', (microseconds, outcome) => {
    const big = row({ members: 1000, microseconds, target: { growth: 1.5 } });
    const misleading = row({ tree: 'fresh', microseconds: 1000 });
    const verdicts = deciding([misleading, row({}), big]);
    expect(verdicts).toEqual([
      expect.objectContaining({ part: 'growth', outcome, found: microseconds / 10 }),
    ]);
  });

  it('on the growth to 10,000 members compares with 1000 on the same back end', () => {
    const big = row({ members: 10_000, microseconds: 14, target: { growth: 1.4 } });
    const otherBackEnd = row({ members: 1000, peer: 'canopy 0.1.0 (node:crypto)', microseconds: 1000 });
    expect(deciding([otherBackEnd, row({ members: 1000 }), big])).toEqual([
      expect.objectContaining({ part: 'growth', outcome: 'met', found: 1.4 }),
    ]);
  });

  it('is decided by Canopy as it is installed, and given on the other back end, too', () => {
    const target = { floorRatio: 1.6 };
    const rows = [
      row({ peer: 'canopy 0.1.0 (node:crypto)', target, floorRatio: 1.7 }),
      row({ target, floorRatio: 1.5 }),
    ];
    const [judgement, ...more] = judge(resultOf(rows));
    expect(more).toEqual([]);
    expect(judgement?.deciding).toMatchObject({ outcome: 'met', found: 1.5 });
    expect(judgement?.all.map(({ outcome }) => outcome)).toEqual(['missed', 'met']);
    expect(deciding(rows.slice(0, 1))).toEqual([expect.objectContaining({ outcome: 'missed' })]);
  });

  it('says so where something was not measured', () => {
    const target = { ratio: 80, floorRatio: 1.6, growth: 1.5 };
    const verdicts = deciding([row({ members: 1000, target })]);
    expect(verdicts.map(({ part, outcome }) => `${part}: ${outcome}`)).toEqual([
      'ratio: not measured',
      'floorRatio: not measured',
      'growth: not measured',
    ]);
  });

  it('is given on memory with 10,000 members', () => {
    const size = {
      name: 'memory-per-member',
      tree: 'warm',
      suite: 1,
      peer: 'canopy 0.1.0 (sodium-native)',
    } as const;
    const verdicts = deciding(
      [],
      [
        { ...size, members: 10_000, bytes: 2049 },
        { ...size, members: 1000, bytes: 9999 },
        { ...size, members: 10_000, bytes: 9999, peer: 'ts-mls 1.6.4' },
      ],
    );
    expect(verdicts).toEqual([expect.objectContaining({ part: 'bytes', found: 2049, outcome: 'missed' })]);
  });
});

describe('other libraries', () => {
  it('are found where they are faster; the floor always is', () => {
    const faster = findFasterPeers(
      resultOf([
        row({}),
        row({ peer: 'floor (sodium-native)', microseconds: 5 }),
        row({ peer: '@wireapp/core-crypto 10.3.0', microseconds: 9 }),
        row({ peer: 'ts-mls 1.6.4', microseconds: 11 }),
        row({ peer: 'mls-ts 0.1.0', microseconds: 1, suite: 2 }),
      ]),
    );
    expect(faster.map(({ other }) => other.peer)).toEqual(['@wireapp/core-crypto 10.3.0']);
  });
});
