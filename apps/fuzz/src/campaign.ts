/**
 * A run: one seed after the other until the time is over.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises';
import type { FuzzOptions, Part } from './arguments.ts';
import { parts } from './arguments.ts';
import { runBytes } from './bytes/run-bytes.ts';
import { Counts } from './counts.ts';
import { describeError } from './finding.ts';
import { grouped, Report, totals, type Output } from './report.ts';
import { actions, runWorld } from './structure/run-world.ts';
import { WorldError } from './world-error.ts';
import type { Watcher } from './watcher.ts';

/** A finding with where it was and how to see it again. */
export interface FoundFinding {
  readonly part: Part;
  readonly seed: number;
  readonly step: number;
  readonly message: string;
  readonly log: readonly string[];
  readonly replay: string;
  readonly trace: string | undefined;
}

/** A run that finds this many ends: something is broken altogether. */
const MOST_FINDINGS = 10;
/** How long a run does not look at the clock, in milliseconds. */
const BREATH = 100;

/** What a run needs from outside. */
export interface Surroundings {
  readonly output: Output;
  /** Gives milliseconds. */
  now(): number;
  /** Says whether somebody wants the run to end. */
  isStopped(): boolean;
  readonly actions: typeof actions;
}

/** What a run has come to. */
export interface Outcome {
  readonly counts: Counts;
  readonly findings: readonly FoundFinding[];
}

/** Runs worlds with one seed after the other. */
export class Campaign implements Watcher {
  readonly #options: FuzzOptions;
  readonly #around: Surroundings;
  readonly #report: Report;
  readonly #started: number;
  readonly #counts = new Counts();
  readonly #findings: FoundFinding[] = [];
  #seed: number;
  #seeds = 0;
  #nextBreath: number;

  constructor(options: FuzzOptions, firstSeed: number, around: Surroundings) {
    this.#options = options;
    this.#around = around;
    this.#seed = firstSeed;
    this.#started = around.now();
    this.#nextBreath = this.#started + BREATH;
    this.#report = new Report(around.output, this.#started);
  }

  /** Runs until the time is over, or until all of the one seed was played. */
  async run(): Promise<Outcome> {
    const { seconds } = this.#options;
    const isLast = (): boolean => seconds === undefined || this.#isOver();
    this.#report.say(`fuzz: from seed ${this.#seed}${seconds === undefined ? '' : `, ${seconds} s`}`);
    do {
      for (const part of parts) if (!this.#isOver()) await this.#runOne(part);
      this.#seeds += 1;
      this.#seed = (this.#seed + 1) >>> 0;
    } while (!isLast());
    this.#finish();
    return { counts: this.#counts, findings: this.#findings };
  }

  /** Lets timers and signals through, and tells where the run is. */
  async goesOn(): Promise<boolean> {
    const now = this.#around.now();
    if (now >= this.#nextBreath) {
      this.#nextBreath = now + BREATH;
      this.#report.progress(now, () => this.#describe(now));
      await setImmediate();
    }
    return !this.#isOver();
  }

  #isOver(): boolean {
    const { seconds } = this.#options;
    const isLate = seconds !== undefined && this.#around.now() - this.#started >= seconds * 1000;
    return isLate || this.#around.isStopped() || this.#findings.length >= MOST_FINDINGS;
  }

  async #runOne(part: Part): Promise<void> {
    const { only } = this.#options;
    if (only !== undefined && only !== part) return;
    const request = { seed: this.#seed, options: this.#options, actions: this.#around.actions };
    // What a world has done before it was found wrong counts, too.
    const counts = new Counts();
    try {
      await (part === 'structure' ? runWorld(request, counts, this) : runBytes(request, counts, this));
    } catch (error) {
      this.#note(part, error);
    } finally {
      this.#counts.addAll(counts);
      this.#counts.add(`world ${part}`);
    }
  }

  #note(part: Part, error: unknown): void {
    const { step, log, cause } = error instanceof WorldError ? error : { step: 0, log: [], cause: error };
    const finding: FoundFinding = {
      part,
      seed: this.#seed,
      step,
      message: describeError(cause),
      log,
      replay: this.#replay(part, step),
      trace: traceOf(cause),
    };
    this.#findings.push(finding);
    this.#report.finding(finding);
  }

  #replay(part: Part, step: number): string {
    const { members, suite, steps } = this.#options;
    const fixed = [
      members === undefined ? '' : ` --members ${members}`,
      suite === undefined ? '' : ` --suite ${suite}`,
      steps === undefined && step === 0 ? '' : ` --steps ${steps ?? step}`,
    ];
    return `npm run fuzz -- --only ${part} --seed ${this.#seed}${fixed.join('')}`;
  }

  #describe(now: number): string {
    const seconds = Math.round((now - this.#started) / 1000);
    const operations = this.#counts.sum('operation ') + this.#counts.sum('input ');
    return `${seconds} s, seed ${this.#seed}, ${grouped(this.#seeds)} seeds, ${grouped(operations)} operations, ${this.#findings.length} findings`;
  }

  #finish(): void {
    const seconds = ((this.#around.now() - this.#started) / 1000).toFixed(1);
    this.#report.say(`seconds      ${seconds}`);
    this.#report.say(`seeds        ${grouped(this.#seeds)}, to ${(this.#seed - 1) >>> 0}`);
    for (const line of totals(this.#counts)) this.#report.say(line);
    this.#report.say(`findings     ${this.#findings.length}`);
    for (const { message, replay } of this.#findings) this.#report.say(`  ${message}\n    ${replay}`);
  }
}

/** Where an error comes from, with all that caused it. */
function traceOf(error: unknown): string | undefined {
  const traces: string[] = [];
  for (let one = error; one instanceof Error && traces.length < 5; one = one.cause)
    traces.push(one.stack ?? '');
  return traces.length === 0 ? undefined : traces.join('\n  caused by ');
}
