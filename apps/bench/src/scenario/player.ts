/**
 * A library in one setting: plays its blocks, cycle by cycle, as long as they go well and there is time.
 *
 * @module
 */

import type { LeftOut, OperationName } from '../operations.ts';
import { reasonOf } from '../reason.ts';
import type { Block } from './block.ts';
import { Company } from './company.ts';
import { FEWEST_TO_WEIGH } from './live-group.ts';
import { Measurement } from './measurement.ts';
import { canCollectGarbage } from './memory.ts';
import type { Patience } from './patience.ts';
import { nameOf, type Found, type Sample, type Setting } from './scenario.ts';

/** Groups up to this size are small. */
const SMALL = 100;
/** Above this size each block is played once at least. */
const BIG = 1000;
/** An operation below this is fast. */
const FAST_SECONDS = 0.01;
/** A play below this is short. */
const SHORT_SECONDS = 1;
/** A play above this is long. */
const LONG_SECONDS = 20;

/** A block, and how it went so far. */
interface Run {
  readonly block: Block;
  readonly key: string;
  plays: number;
  nanoseconds: bigint;
  /** Seconds of its fastest operation so far. */
  fastest: number;
  isOver: boolean;
}

/** What a player goes by. */
export interface Rules {
  readonly blocks: readonly Block[];
  readonly secondsPerLibrary: number;
  /** Whether a failure is recorded and the run goes on. */
  readonly mayFail: boolean;
  readonly patience: Patience;
}

/** A library in one setting. */
export class Player {
  readonly #company: Company;
  readonly #setting: Setting;
  readonly #rules: Rules;
  readonly #runs: readonly Run[];

  constructor(company: Company, setting: Setting, rules: Rules) {
    this.#company = company;
    this.#setting = setting;
    this.#rules = rules;
    this.#runs = rules.blocks.map((block) => ({
      block,
      key: `${this.#peer} ${setting.suite} ${block.name}`,
      plays: 0,
      nanoseconds: 0n,
      fastest: Infinity,
      isOver: false,
    }));
  }

  /** Whether there is nothing left to play. */
  get isDone(): boolean {
    return this.#runs.every((run) => this.#isDone(run));
  }

  /** Leaves out what cannot be seen, and what has turned out to take too long. */
  *begin(): Generator<Found> {
    const whyNotWeighed = this.#whyNotWeighed();
    if (whyNotWeighed !== undefined) {
      const name = 'memory-per-member';
      yield { kind: 'left-out', leftOut: { name, tree: 'warm', ...this.#where, reason: whyNotWeighed } };
    }
    if (!this.#rules.mayFail) return;
    for (const run of this.#runs) {
      const reason = this.#rules.patience.refusal(run.key, this.#setting.members);
      if (reason !== undefined) yield* this.#leaveOut(run, reason);
    }
  }

  #whyNotWeighed(): string | undefined {
    const { members, trees } = this.#setting;
    if (!trees.includes('warm') || members < FEWEST_TO_WEIGH) return undefined;
    if (this.#company.peer.memory === 'outside') return 'its states are outside of the JavaScript heap';
    return canCollectGarbage ? undefined : 'it needs node --expose-gc';
  }

  /** Plays each block that is not done once. */
  async *turn(): AsyncGenerator<Found> {
    for (const run of this.#runs) {
      if (!this.#isDone(run)) yield* this.#play(run);
    }
  }

  // Each block has the same share of the time.
  #isDone(run: Run): boolean {
    const { cycles, members } = this.#setting;
    const share = (this.#rules.secondsPerLibrary * 1e9) / this.#runs.length;
    const enough = Math.min(enoughPlays(members, run), cycles);
    return run.isOver || run.plays >= cycles || (run.plays >= enough && Number(run.nanoseconds) >= share);
  }

  async *#play(run: Run): AsyncGenerator<Found> {
    const measurement = new Measurement();
    try {
      if (run.block.tree === 'warm') await this.#company.live();
      const start = process.hrtime.bigint();
      await run.block.play(this.#company, measurement);
      run.nanoseconds += process.hrtime.bigint() - start;
      await this.#company.requireAgreement();
    } catch (error) {
      if (!this.#rules.mayFail) throw error;
      this.#company.leave();
      yield* this.#leaveOut(run, reasonOf(error));
      return;
    }
    run.plays += 1;
    yield* this.#findings(run, measurement);
  }

  *#findings(run: Run, { times, sizes }: Measurement): Generator<Found> {
    const { tree } = run.block;
    for (const time of times) {
      const sample: Sample = { ...time, ...this.#where, tree };
      this.#rules.patience.note(run.key, sample);
      run.fastest = Math.min(run.fastest, Number(sample.nanoseconds) / 1e9);
      yield { kind: 'sample', sample };
    }
    if (run.plays > 1) return;
    for (const size of sizes) yield { kind: 'size', size: { ...size, ...this.#where, tree } };
  }

  *#leaveOut(run: Run, reason: string): Generator<Found> {
    run.isOver = true;
    for (const name of run.block.operations)
      yield { kind: 'left-out', leftOut: this.#leftOut(run, name, reason) };
  }

  #leftOut(run: Run, name: OperationName, reason: string): LeftOut {
    return { name, tree: run.block.tree, ...this.#where, reason };
  }

  get #peer(): string {
    return nameOf(this.#company.peer);
  }

  get #where(): Pick<Sample, 'members' | 'suite' | 'peer'> {
    const { members, suite } = this.#setting;
    return { members, suite, peer: this.#peer };
  }
}

/**
 * Says how often a block is played whatever its share of the time: so that 15 samples of what is fast in small groups are
 * left after the warm-up, 5 in big ones, 3 where a play takes seconds.
 */
function enoughPlays(members: number, { plays, nanoseconds, fastest }: Run): number {
  const seconds = Number(nanoseconds) / 1e9 / Math.max(plays, 1);
  if (members <= SMALL) return fastest < FAST_SECONDS && seconds < SHORT_SECONDS ? 20 : 1;
  if (members > BIG) return 1;
  if (seconds < SHORT_SECONDS) return 6;
  return seconds < LONG_SECONDS ? 3 : 1;
}
