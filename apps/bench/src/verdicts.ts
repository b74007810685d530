/**
 * What was aimed at and what was reached.
 *
 * @module
 */

import { caseOf } from './cases.ts';
import { FLOOR, isCanopy } from './libraries.ts';
import type { BenchmarkResult, OperationRow, SizeRow } from './operations.ts';
import { MEMORY_TARGET } from './targets.ts';

/** The part of a target that is judged: the rows' `ratio` and `floorRatio`, the growth from 100 members on, or bytes. */
export type TargetPart = 'ratio' | 'floorRatio' | 'growth' | 'bytes';

/** Whether one aim was reached. */
export type Verdict = {
  readonly row: OperationRow | SizeRow;
  readonly part: TargetPart;
  readonly aim: number;
} & ({ readonly outcome: 'met' | 'missed'; readonly found: number } | { readonly outcome: 'not measured' });

/** A library that did something faster than Canopy in the same run. */
export interface FasterPeer {
  readonly canopy: OperationRow;
  readonly other: OperationRow;
}

/** How many members growth is counted from. */
export const GROWTH_FROM = 100;

/** Judges every target of a result, in the order of its rows. */
export function judge({ operations, sizes }: BenchmarkResult): readonly Verdict[] {
  const own = operations.filter(({ peer }) => isCanopy(peer));
  const memory = sizes.filter(
    ({ name, peer, members }) =>
      name === 'memory-per-member' && isCanopy(peer) && members === MEMORY_TARGET.members,
  );
  return [
    ...own.flatMap((row) => judgeRow(row, own)),
    ...memory.map((row) => verdict(row, 'bytes', MEMORY_TARGET.bytes, row.bytes)),
  ];
}

/** Finds where another library is faster than Canopy. */
export function findFasterPeers({ operations }: BenchmarkResult): readonly FasterPeer[] {
  const own = new Map(operations.filter(({ peer }) => isCanopy(peer)).map((row) => [caseOf(row), row]));
  return operations.flatMap((other) => {
    const canopy = own.get(caseOf(other));
    if (canopy === undefined || other.peer === FLOOR) return [];
    return other.microseconds < canopy.microseconds ? [{ canopy, other }] : [];
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
  const wanted = caseOf({ ...row, members: GROWTH_FROM });
  const start = own.find((one) => caseOf(one) === wanted);
  return start && row.microseconds / start.microseconds;
}

function verdict(row: Verdict['row'], part: TargetPart, aim: number, found: number | undefined): Verdict {
  if (found === undefined) return { row, part, aim, outcome: 'not measured' };
  const isMet = part === 'ratio' ? found >= aim : found <= aim;
  return { row, part, aim, outcome: isMet ? 'met' : 'missed', found };
}
