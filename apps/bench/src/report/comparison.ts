/**
 * The table of a suite and a kind of tree: Canopy's times, the floor, the other libraries.
 *
 * @module
 */

import { caseOf, type MeasuredCase } from '../cases.ts';
import { shortName, versionOf } from '../libraries.ts';
import type { BenchmarkResult, OperationName } from '../operations.ts';
import { judge } from '../verdicts.ts';
import { Figures, type Block } from './figures.ts';
import { labelOf } from './names.ts';
import type { Column, TextTable } from './text-table.ts';
import { formatRatio, formatTime } from './units.ts';

/** How many members the rows of a table have, and whether it gives the other libraries' times. */
export interface ComparisonOptions {
  readonly withTimes: boolean;
  readonly members?: readonly number[];
}

/** A block, or some operations of it. */
export interface Selection extends Block {
  readonly operations?: readonly OperationName[];
}

/** Rows of one operation, with columns for these libraries. */
interface RowsOf {
  readonly block: Block;
  readonly name: OperationName;
  readonly others: readonly string[];
}

/** What stands where nothing was measured. */
export const NOTHING = '–';

/** Makes the tables of a result. */
export class Comparison {
  readonly figures: Figures;
  readonly #outcomes: ReadonlyMap<string, 'met' | 'missed'>;

  constructor(result: BenchmarkResult) {
    this.figures = new Figures(result);
    this.#outcomes = outcomes(result);
  }

  /** Makes a table of suites and kinds of tree: a row for each operation and number of members. */
  table(blocks: readonly Selection[], options: ComparisonOptions): TextTable {
    const { figures } = this;
    const others = figures.others.filter((peer) => blocks.some((block) => figures.has(block, peer)));
    const rows = blocks.flatMap((block) =>
      figures
        .operations(block)
        .filter((name) => block.operations?.includes(name) !== false)
        .flatMap((name) => this.#rows({ block, name, others }, options)),
    );
    return { columns: columnsOf(others), rows };
  }

  #rows({ block, name, others }: RowsOf, options: ComparisonOptions): readonly (readonly string[])[] {
    return this.figures
      .members(block, name)
      .filter((members) => options.members?.includes(members) !== false)
      .map((members, i) => {
        // In the terminal an operation is named once; who reads with the eye sees the group.
        const label = i === 0 || options.withTimes ? labelOf(name) : '';
        return [
          label,
          ...this.#cells({ suite: block.suite, tree: block.tree, name, members }, others, options),
        ];
      });
  }

  #cells(one: MeasuredCase, others: readonly string[], { withTimes }: ComparisonOptions): readonly string[] {
    const own = this.figures.own(one);
    return [
      `${one.members}`,
      own === undefined ? NOTHING : formatTime(own.microseconds),
      own?.floorRatio === undefined ? NOTHING : formatRatio(own.floorRatio),
      ...others.map((peer) => this.#cell(one, peer, withTimes)),
      this.#outcomes.get(caseOf(one)) ?? '',
    ];
  }

  /** Says how many times faster Canopy is; where that cannot be said, the time alone. */
  #cell(one: MeasuredCase, peer: string, withTimes: boolean): string {
    const row = this.figures.find(one, peer);
    if (row === undefined) return NOTHING;
    const time = formatTime(row.microseconds);
    const factor = this.figures.timesFaster(one, peer);
    if (factor === undefined) return time;
    return withTimes ? `${time} (${formatRatio(factor)})` : formatRatio(factor);
  }
}

function columnsOf(others: readonly string[]): readonly Column[] {
  return [
    { head: ['operation'], align: 'left' },
    { head: ['members'], align: 'right' },
    { head: ['Canopy'], align: 'right' },
    { head: ['× floor'], align: 'right' },
    ...others.map((peer): Column => ({ head: [shortName(peer), versionOf(peer)], align: 'right' })),
    { head: ['target'], align: 'left' },
  ];
}

function outcomes(result: BenchmarkResult): ReadonlyMap<string, 'met' | 'missed'> {
  const found = new Map<string, 'met' | 'missed'>();
  for (const { row, outcome } of judge(result)) {
    if ('bytes' in row || outcome === 'not measured') continue;
    if (outcome === 'missed' || !found.has(caseOf(row))) found.set(caseOf(row), outcome);
  }
  return found;
}
