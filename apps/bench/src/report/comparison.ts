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

/** Which rows a table has, and whether it gives the other libraries' times. */
export interface ComparisonOptions {
  readonly withTimes: boolean;
  readonly operations?: readonly OperationName[];
  readonly members?: readonly number[];
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

  /** Makes the table of a suite and a kind of tree: a row for each operation and number of members. */
  table(block: Block, options: ComparisonOptions): TextTable {
    const { figures } = this;
    const operations = figures
      .operations(block)
      .filter((name) => options.operations?.includes(name) !== false);
    const rows = operations.flatMap((name) =>
      figures
        .members(block, name)
        .filter((members) => options.members?.includes(members) !== false)
        .map((members, i) => this.#row({ ...block, name, members }, i === 0 || options.withTimes, options)),
    );
    return { columns: this.#columns(), rows };
  }

  #columns(): readonly Column[] {
    return [
      { head: ['operation'], align: 'left' },
      { head: ['members'], align: 'right' },
      { head: ['Canopy'], align: 'right' },
      { head: ['× floor'], align: 'right' },
      ...this.figures.others.map((peer): Column => ({
        head: [shortName(peer), versionOf(peer)],
        align: 'right',
      })),
      { head: ['target'], align: 'left' },
    ];
  }

  #row(one: MeasuredCase, isNamed: boolean, { withTimes }: ComparisonOptions): readonly string[] {
    const own = this.figures.own(one);
    return [
      isNamed ? labelOf(one.name) : '',
      `${one.members}`,
      own === undefined ? NOTHING : formatTime(own.microseconds),
      own?.floorRatio === undefined ? NOTHING : formatRatio(own.floorRatio),
      ...this.figures.others.map((peer) => this.#cell(one, peer, withTimes)),
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

function outcomes(result: BenchmarkResult): ReadonlyMap<string, 'met' | 'missed'> {
  const found = new Map<string, 'met' | 'missed'>();
  for (const { row, outcome } of judge(result)) {
    if ('bytes' in row || outcome === 'not measured') continue;
    if (outcome === 'missed' || !found.has(caseOf(row))) found.set(caseOf(row), outcome);
  }
  return found;
}
