/**
 * The table of a suite and a kind of tree: Canopy's times, the floor, the other libraries.
 *
 * @module
 */

import { caseOf, type MeasuredCase } from '../cases.ts';
import { backEndLabels, backEndOf, shortName, versionOf } from '../libraries.ts';
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

/** The libraries that have columns. */
interface Libraries {
  readonly canopies: readonly string[];
  readonly others: readonly string[];
}

/** Rows of one operation, with columns for these libraries. */
interface RowsOf extends Libraries {
  readonly block: Block;
  readonly name: OperationName;
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
    const hasColumn = (peer: string): boolean => blocks.some((block) => figures.has(block, peer));
    const libraries = {
      canopies: figures.canopies.filter(hasColumn),
      others: figures.others.filter(hasColumn),
    };
    const rows = blocks.flatMap((block) =>
      figures
        .operations(block)
        .filter((name) => block.operations?.includes(name) !== false)
        .flatMap((name) => this.#rows({ block, name, ...libraries }, options)),
    );
    return { columns: columnsOf(libraries, options), rows };
  }

  #rows(
    { block, name, canopies, others }: RowsOf,
    options: ComparisonOptions,
  ): readonly (readonly string[])[] {
    return this.figures
      .members(block, name)
      .filter((members) => options.members?.includes(members) !== false)
      .map((members, i) => {
        // In the terminal an operation is named once; who reads with the eye sees the group.
        const label = i === 0 || options.withTimes ? labelOf(name) : '';
        return [
          label,
          ...this.#cells(
            { suite: block.suite, tree: block.tree, name, members },
            { canopies, others },
            options,
          ),
        ];
      });
  }

  #cells(
    one: MeasuredCase,
    { canopies, others }: Libraries,
    { withTimes }: ComparisonOptions,
  ): readonly string[] {
    return [
      `${one.members}`,
      ...canopies.flatMap((peer) => this.#ownCells(one, peer)),
      ...others.map((peer) => this.#cell(one, peer, withTimes)),
      this.#outcomes.get(caseOf(one)) ?? '',
    ];
  }

  #ownCells(one: MeasuredCase, peer: string): readonly string[] {
    const row = this.figures.find(one, peer);
    return [
      row === undefined ? NOTHING : formatTime(row.microseconds),
      row?.floorRatio === undefined ? NOTHING : formatRatio(row.floorRatio),
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

function columnsOf({ canopies, others }: Libraries, { withTimes }: ComparisonOptions): readonly Column[] {
  return [
    { head: ['operation'], align: 'left' },
    { head: [withTimes ? 'members' : 'N'], align: 'right' },
    ...canopies.flatMap((peer): readonly Column[] => [
      { head: ['Canopy', ownLabel(peer, withTimes)], align: 'right' },
      { head: ['×', 'floor'], align: 'right' },
    ]),
    ...others.map((peer): Column => ({ head: [shortName(peer), versionOf(peer)], align: 'right' })),
    { head: ['target'], align: 'left' },
  ];
}

/** Names the back end; in the terminal in short. */
function ownLabel(peer: string, isLong: boolean): string {
  const backEnd = backEndOf(peer);
  return (isLong && backEnd !== undefined ? backEndLabels[backEnd] : backEnd) ?? '';
}

function outcomes(result: BenchmarkResult): ReadonlyMap<string, 'met' | 'missed'> {
  const found = new Map<string, 'met' | 'missed'>();
  for (const { deciding } of judge(result)) {
    const { row, outcome } = deciding;
    if ('bytes' in row || outcome === 'not measured') continue;
    if (outcome === 'missed' || !found.has(caseOf(row))) found.set(caseOf(row), outcome);
  }
  return found;
}
