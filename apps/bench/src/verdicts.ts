/**
 * What was aimed at and what was reached.
 *
 * @module
 */

import { caseOf } from './cases.ts';
import { asInstalled, isCanopy, isFloor } from './libraries.ts';
import type { BenchmarkResult, OperationRow, SizeRow } from './operations.ts';
import { MEMORY_TARGET } from './targets.ts';

/** The part of a target that is judged: the rows' `ratio` and `floorRatio`, the growth since a tenth of the members, or bytes. */
export type TargetPart = 'ratio' | 'floorRatio' | 'growth' | 'bytes';

/** Whether one aim was reached by Canopy on the back end of the row. */
export type Verdict = {
  readonly row: OperationRow | SizeRow;
  readonly part: TargetPart;
  readonly aim: number;
} & ({ readonly outcome: 'met' | 'missed'; readonly found: number } | { readonly outcome: 'not measured' });

/** The verdicts on one aim. */
export interface Judgement {
  /** That on Canopy as it is installed: this one decides. */
  readonly deciding: Verdict;
  /** Those on all back ends. */
  readonly all: readonly Verdict[];
}

/** A library that did something faster than Canopy on one of its back ends in the same run. */
export interface FasterPeer {
  readonly canopy: OperationRow;
  readonly other: OperationRow;
}

/** Judges every target of a result, in the order of its rows. */
export function judge({ operations, sizes }: BenchmarkResult): readonly Judgement[] {
  const own = operations.filter(({ peer }) => isCanopy(peer));
  const memory = sizes.filter(
    ({ name, peer, members }) =>
      name === 'memory-per-member' && isCanopy(peer) && members === MEMORY_TARGET.members,
  );
  return judgementsOf([
    ...own.flatMap((row) => judgeRow(row, own)),
    ...memory.map((row) => verdict(row, 'bytes', MEMORY_TARGET.bytes, row.bytes)),
  ]);
}

function judgementsOf(verdicts: readonly Verdict[]): readonly Judgement[] {
  const byAim = Map.groupBy(verdicts, ({ row, part }) => {
    const { name, tree, members, suite } = row;
    return `${name} ${tree} ${members} ${suite} ${part}`;
  });
  return [...byAim.values()].flatMap((all) => {
    const installed = asInstalled(all.map(({ row }) => row));
    const deciding = all.find(({ row }) => row === installed);
    return deciding === undefined ? [] : [{ deciding, all }];
  });
}

/** Finds where another library is faster than Canopy. */
export function findFasterPeers({ operations }: BenchmarkResult): readonly FasterPeer[] {
  const own = Map.groupBy(
    operations.filter(({ peer }) => isCanopy(peer)),
    caseOf,
  );
  return operations.flatMap((other) => {
    if (isCanopy(other.peer) || isFloor(other.peer)) return [];
    const slower = own.get(caseOf(other))?.filter(({ microseconds }) => other.microseconds < microseconds);
    return (slower ?? []).map((canopy) => ({ canopy, other }));
  });
}

function judgeRow(row: OperationRow, own: readonly OperationRow[]): readonly Verdict[] {
  const { ratio, floorRatio, growth } = row.target ?? {};
  return [
    ...(ratio === undefined ? [] : [verdict(row, 'ratio', ratio, row.ratio)]),
    ...(floorRatio === undefined ? [] : [verdict(row, 'floorRatio', floorRatio, row.floorRatio)]),
    ...(growth === undefined ? [] : [verdict(row, 'growth', growth, growthOf(row, own))]),
  ];
}

function growthOf(row: OperationRow, own: readonly OperationRow[]): number | undefined {
  const wanted = caseOf({ ...row, members: row.members / 10 });
  const start = own.find((one) => one.peer === row.peer && caseOf(one) === wanted);
  return start && row.microseconds / start.microseconds;
}

function verdict(row: Verdict['row'], part: TargetPart, aim: number, found: number | undefined): Verdict {
  if (found === undefined) return { row, part, aim, outcome: 'not measured' };
  const isMet = part === 'ratio' ? found >= aim : found <= aim;
  return { row, part, aim, outcome: isMet ? 'met' : 'missed', found };
}
