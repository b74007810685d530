/**
 * From medians to the rows of the result: how many times as long as the floor, how many times faster than ts-mls.
 *
 * @module
 */

import { caseOf } from './cases.ts';
import { floorFor, isCanopy, isFloor, isStableTsMls } from './libraries.ts';
import type { OperationRow } from './operations.ts';
import { targetOf } from './targets.ts';

/** The median of what was measured, before it is compared with others. */
export type MedianRow = Omit<OperationRow, 'floorRatio' | 'ratio' | 'target'>;

/** Adds to each row how it compares in the same run, and to Canopy's what is aimed at. */
export function withRatios(rows: readonly MedianRow[]): readonly OperationRow[] {
  const floors = new Map(
    rows.filter(({ peer }) => isFloor(peer)).map((row) => [floorKey(row, row.peer), row.microseconds]),
  );
  const stable = new Map(
    rows.filter(({ peer }) => isStableTsMls(peer)).map((row) => [caseOf(row), row.microseconds]),
  );
  return rows.map((row) => {
    if (isFloor(row.peer)) return row;
    const floor = floors.get(floorKey(row, floorFor(row.peer)));
    const slow = stable.get(caseOf(row));
    const target = isCanopy(row.peer) ? targetOf(row) : undefined;
    return {
      ...row,
      ...(floor === undefined ? {} : { floorRatio: row.microseconds / floor }),
      ...(slow === undefined ? {} : { ratio: slow / row.microseconds }),
      ...(target === undefined ? {} : { target }),
    };
  });
}

function floorKey(row: MedianRow, floor: string): string {
  return `${caseOf(row)} ${floor}`;
}
