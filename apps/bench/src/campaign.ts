/**
 * A run: takes what the scenario finds, samples the floor beside Canopy, and makes medians of it all.
 *
 * @module
 */

import type { BackEndName } from '@canopy/crypto';

import { caseOf, type MeasuredCase } from './cases.ts';
import type { FloorRun, PrepareFloor } from './floor/floor.ts';
import { backEndOf, floorOn, isCanopy } from './libraries.ts';
import { median } from './median.ts';
import {
  operationNames,
  type BenchmarkResult,
  type LeftOut,
  type OperationName,
  type SizeRow,
} from './operations.ts';
import { withRatios, type MedianRow } from './ratios.ts';
import type { Found, Sample, Setting, ShapeOf } from './scenario/scenario.ts';

/** What a run needs from outside. */
export interface Surroundings {
  readonly prepareFloor: PrepareFloor;
  /** Gives nanoseconds. */
  now(): bigint;
  readonly watcher: Watcher;
}

/** Who is told where a run is. */
export interface Watcher {
  setting(setting: Setting): void;
  sample(sample: Sample): void;
  cycle(cycle: number): void;
}

/** The samples of one library in one case. */
interface Series extends MeasuredCase {
  readonly peer: string;
  readonly nanoseconds: number[];
}

/** One part of so many of the first runs is not counted, since the code is not compiled yet; no more than the second. */
const WARM_UP = { part: 4, most: 10 };

/** Takes what the scenario finds and makes rows of it. */
export class Campaign {
  readonly #operations: ReadonlySet<OperationName>;
  readonly #around: Surroundings;
  readonly #series = new Map<string, Series>();
  readonly #sizes: SizeRow[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #shapes = new Map<string, ShapeOf>();
  readonly #floors = new Map<string, FloorRun | undefined>();

  constructor(operations: readonly OperationName[], around: Surroundings) {
    this.#operations = new Set(operations);
    this.#around = around;
  }

  /** Goes through all that the scenario finds; the scenario waits while the floor has its turn. */
  async run(
    scenario: AsyncIterable<Found>,
  ): Promise<Pick<BenchmarkResult, 'operations' | 'sizes' | 'leftOut'>> {
    for await (const found of scenario) await this.#take(found);
    return { operations: withRatios(this.#medians()), sizes: this.#sizes, leftOut: this.#leftOut };
  }

  async #take(found: Found): Promise<void> {
    switch (found.kind) {
      case 'setting':
        this.#around.watcher.setting(found.setting);
        return this.#forgetFloors();
      case 'shape':
        return void this.#shapes.set(keyOf(found.shape), found.shape);
      case 'sample':
        return this.#sample(found.sample);
      case 'size':
        return void this.#sizes.push(found.size);
      case 'left-out':
        if (this.#isWanted(found.leftOut.name)) this.#leftOut.push(found.leftOut);
        return;
      case 'cycle':
        return this.#around.watcher.cycle(found.cycle);
    }
  }

  async #sample(sample: Sample): Promise<void> {
    if (!this.#operations.has(sample.operation)) return;
    this.#around.watcher.sample(sample);
    this.#add(sample);
    const backEnd = isCanopy(sample.peer) ? backEndOf(sample.peer) : undefined;
    if (backEnd !== undefined) await this.#sampleFloor(sample, backEnd);
  }

  /** Runs the floor of the same back end once beside each sample of Canopy, so that both have the same machine. */
  async #sampleFloor(sample: Sample, backEnd: BackEndName): Promise<void> {
    const run = this.#floorOf(sample, backEnd);
    if (run === undefined) return;
    const start = this.#around.now();
    await run();
    this.#add({ ...sample, peer: floorOn(backEnd), nanoseconds: this.#around.now() - start });
  }

  /** Prepares a floor when it is run for the first time. */
  #floorOf(sample: Sample, backEnd: BackEndName): FloorRun | undefined {
    const shape = this.#shapes.get(keyOf(sample));
    if (shape === undefined) return undefined;
    const key = `${keyOf(sample)} ${backEnd}`;
    if (!this.#floors.has(key))
      this.#floors.set(key, this.#around.prepareFloor(sample.operation, shape.shape, backEnd));
    return this.#floors.get(key);
  }

  /** The inputs of big groups take memory. */
  #forgetFloors(): void {
    this.#shapes.clear();
    this.#floors.clear();
  }

  #add({ operation: name, tree, members, suite, peer, nanoseconds }: Sample): void {
    const key = `${caseOf({ name, tree, members, suite })} ${peer}`;
    const series = this.#series.get(key) ?? { name, tree, members, suite, peer, nanoseconds: [] };
    series.nanoseconds.push(Number(nanoseconds));
    this.#series.set(key, series);
  }

  #medians(): readonly MedianRow[] {
    return [...this.#series.values()].map(({ nanoseconds, ...row }) => {
      const counted = nanoseconds.slice(warmUpOf(nanoseconds.length));
      return { ...row, microseconds: median(counted) / 1000, runs: counted.length };
    });
  }

  #isWanted(name: LeftOut['name']): boolean {
    const operation = operationNames.find((one) => one === name);
    return operation === undefined || this.#operations.has(operation);
  }
}

function warmUpOf(runs: number): number {
  return Math.min(Math.floor(runs / WARM_UP.part), WARM_UP.most);
}

function keyOf({ operation: name, tree, members, suite }: Sample | ShapeOf): string {
  return caseOf({ name, tree, members, suite });
}
