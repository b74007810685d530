/**
 * Where a run is: one line that changes on a terminal, a plain line now and then elsewhere.
 *
 * @module
 */

import type { Watcher } from './campaign.ts';
import { labelOf } from './report/names.ts';
import type { Sample, Setting } from './scenario/scenario.ts';

/** Where progress is printed. */
export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** Milliseconds between two lines. */
const TERMINAL_INTERVAL = 200;
const LOG_INTERVAL = 30_000;
/** Before this part of the run is over nothing can be said of the rest. */
const FIRST_GUESS = 0.03;

/** Tells where a run is. */
export class Progress implements Watcher {
  readonly #settings: readonly Setting[];
  readonly #output: Output;
  readonly #now: () => number;
  readonly #started: number;
  #nextLine: number;
  #current: Setting | undefined;
  #cycle = 0;

  /** Takes what will be played, and a clock in milliseconds. */
  constructor(settings: readonly Setting[], output: Output, now: () => number) {
    this.#settings = settings;
    this.#output = output;
    this.#now = now;
    this.#started = now();
    this.#nextLine = this.#started;
  }

  setting(setting: Setting): void {
    this.#current = setting;
    this.#cycle = 0;
    const text = `suite ${setting.suite}, ${setting.members} members`;
    if (this.#output.isTerminal) this.#replace(`${text}: building the groups`);
    else this.#output.write(`${text}\n`);
  }

  cycle(cycle: number): void {
    this.#cycle = cycle + 1;
  }

  sample({ operation, peer, suite, members }: Sample): void {
    const now = this.#now();
    if (now < this.#nextLine) return;
    this.#nextLine = now + (this.#output.isTerminal ? TERMINAL_INTERVAL : LOG_INTERVAL);
    const done = this.#part();
    const where = `suite ${suite}, ${members} members, cycle ${this.#cycle + 1} of ${this.#current?.cycles ?? 0} at most`;
    const line = `${where}: ${labelOf(operation)}, ${peer}; ${describeRest(done, now - this.#started)}`;
    if (this.#output.isTerminal) this.#replace(line);
    else this.#output.write(`${line}\n`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#output.isTerminal) this.#replace('');
  }

  #replace(line: string): void {
    this.#output.write(`\r\u001B[K${line}`);
  }

  /** Guesses which part of the work is done. */
  #part(): number {
    const index = this.#settings.findIndex(
      ({ suite, members }) => suite === this.#current?.suite && members === this.#current.members,
    );
    const before = sum(this.#settings.slice(0, Math.max(index, 0)).map(weight));
    const within =
      this.#current === undefined ? 0 : weight(this.#current) * (this.#cycle / this.#current.cycles);
    return Math.min((before + within) / sum(this.#settings.map(weight)), 1);
  }
}

/** Bigger groups take longer, but get fewer cycles. */
function weight({ members, players }: Setting): number {
  return players === 'all' ? members ** 0.4 : 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function describeRest(done: number, milliseconds: number): string {
  const percent = `${Math.round(done * 100)} %`;
  if (done < FIRST_GUESS) return percent;
  const seconds = Math.round((milliseconds / done - milliseconds) / 1000);
  const time = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `${percent}, perhaps ${time} left`;
}
