/**
 * What the chart shows of a result: the main operations of suite 1, a line for each.
 *
 * @module
 */

import type { BenchmarkResult, OperationName, OperationRow, TreeKind } from '../operations.ts';
import { Figures } from './figures.ts';

/** A line of the chart: an operation at a number of members, with a mark for each library. */
export interface ChartLine {
  readonly name: OperationName;
  readonly floor: OperationRow | undefined;
  readonly canopy: OperationRow | undefined;
  /** The others, in the order of the run. */
  readonly others: readonly OperationRow[];
}

/** The lines of one number of members. */
export interface ChartPanel {
  readonly members: number;
  readonly lines: readonly ChartLine[];
}

/** The suite that the chart shows. */
export const CHART_SUITE = 1;

/** The numbers of members that the chart and the summary show. */
export const chartMembers: readonly number[] = [100, 1000];

const chartOperations: readonly (readonly [name: OperationName, tree: TreeKind])[] = [
  ['create-group', 'fresh'],
  ['commit-create', 'warm'],
  ['commit-process-far', 'warm'],
  ['add-create', 'warm'],
  ['add-process', 'warm'],
  ['join', 'warm'],
  ['protect-100', 'warm'],
  ['unprotect-100', 'warm'],
];

/** Gives what the chart shows; panels and lines without a mark are left away. */
export function chartPanels(result: BenchmarkResult): readonly ChartPanel[] {
  const figures = new Figures(result);
  return chartMembers
    .map((members) => ({ members, lines: linesOf(figures, members) }))
    .filter(({ lines }) => lines.length > 0);
}

function linesOf(figures: Figures, members: number): readonly ChartLine[] {
  return chartOperations
    .map(([name, tree]) => {
      const one = { name, tree, members, suite: CHART_SUITE };
      const others = figures.others.map((peer) => figures.find(one, peer));
      return {
        name,
        floor: figures.floor(one),
        canopy: figures.own(one),
        others: others.filter((row) => row !== undefined),
      };
    })
    .filter(({ canopy, others }) => canopy !== undefined || others.length > 0);
}
