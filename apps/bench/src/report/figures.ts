/**
 * Looks up the figures of a result.
 *
 * @module
 */

import { caseOf, type MeasuredCase } from '../cases.ts';
import { asInstalled, floorFor, isCanopy, isStableTsMls } from '../libraries.ts';
import {
  operationNames,
  type BenchmarkResult,
  type OperationName,
  type OperationRow,
  type TreeKind,
} from '../operations.ts';
import { treeOrder } from './names.ts';

/** A suite and a kind of tree that something was measured on: a block of a table. */
export interface Block {
  readonly suite: number;
  readonly tree: TreeKind;
}

/** The figures of a result, by case and library. */
export class Figures {
  readonly #rows: ReadonlyMap<string, OperationRow>;
  readonly #result: BenchmarkResult;
  /** Canopy on each of its back ends that were in the run. */
  readonly canopies: readonly string[];
  /** The stable ts-mls with its version; undefined where it was not in the run. */
  readonly stable: string | undefined;
  /** The other libraries, in the order of the run. */
  readonly others: readonly string[];

  constructor(result: BenchmarkResult) {
    this.#result = result;
    this.#rows = new Map(result.operations.map((row) => [`${caseOf(row)} ${row.peer}`, row]));
    const { peers } = result.machine;
    this.canopies = peers.filter(isCanopy);
    this.stable = peers.find(isStableTsMls);
    this.others = peers.filter((peer) => !isCanopy(peer));
  }

  /** Gives a row. */
  find(one: MeasuredCase, peer: string): OperationRow | undefined {
    return this.#rows.get(`${caseOf(one)} ${peer}`);
  }

  /** Gives Canopy's row of a case, as it is installed. */
  own(one: MeasuredCase): OperationRow | undefined {
    const rows = this.canopies.map((peer) => this.find(one, peer));
    return asInstalled(rows.filter((row) => row !== undefined));
  }

  /** Gives the floor of a case, on the back end of Canopy as it is installed. */
  floor(one: MeasuredCase): OperationRow | undefined {
    const own = this.own(one);
    return own && this.find(one, floorFor(own.peer));
  }

  /** Says how many times faster Canopy is than another library. */
  timesFaster(one: MeasuredCase, peer: string): number | undefined {
    const own = this.own(one);
    const other = this.find(one, peer);
    return own && other && other.microseconds / own.microseconds;
  }

  /** Gives the suites with the trees that were measured. */
  blocks(): readonly Block[] {
    const suites = new Set(this.#result.operations.map(({ suite }) => suite));
    return [...suites]
      .toSorted((a, b) => a - b)
      .flatMap((suite) => treeOrder.map((tree) => ({ suite, tree })))
      .filter(({ suite, tree }) => this.#of({ suite, tree }).length > 0);
  }

  /** Says whether a library has figures in a block. */
  has(block: Block, peer: string): boolean {
    return this.#of(block).some((row) => row.peer === peer);
  }

  /** Gives the operations of a block, in their order. */
  operations(block: Block): readonly OperationName[] {
    const found = new Set(this.#of(block).map(({ name }) => name));
    return operationNames.filter((name) => found.has(name));
  }

  /** Gives the numbers of members that an operation was measured with. */
  members(block: Block, name: OperationName): readonly number[] {
    const rows = this.#of(block).filter((row) => row.name === name);
    return [...new Set(rows.map(({ members }) => members))].toSorted((a, b) => a - b);
  }

  #of({ suite, tree }: Block): readonly OperationRow[] {
    return this.#result.operations.filter((row) => row.suite === suite && row.tree === tree);
  }
}
