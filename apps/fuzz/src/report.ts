/**
 * What a person sees of a run: where it is, each finding with the command that plays it again, the totals.
 *
 * @module
 */

import type { Counts } from './counts.ts';
import type { FoundFinding } from './campaign.ts';

/** Where a run prints to. */
export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** A line every second for a terminal, every half minute for a log. */
const TERMINAL_INTERVAL = 1000;
const LOG_INTERVAL = 30_000;

/** Prints what happens. */
export class Report {
  readonly #output: Output;
  #nextLine: number;

  constructor(output: Output, now: number) {
    this.#output = output;
    this.#nextLine = now + (output.isTerminal ? TERMINAL_INTERVAL : LOG_INTERVAL);
  }

  /** Prints a line. */
  say(text: string): void {
    this.#output.write(`${this.#output.isTerminal ? '\r\u001B[K' : ''}${text}\n`);
  }

  /** Tells where the run is, when it is time for it. */
  progress(now: number, describe: () => string): void {
    if (now < this.#nextLine) return;
    const { isTerminal } = this.#output;
    this.#nextLine = now + (isTerminal ? TERMINAL_INTERVAL : LOG_INTERVAL);
    this.#output.write(isTerminal ? `\r\u001B[K${describe()}` : `${describe()}\n`);
  }

  /** Prints a finding. */
  finding({ part, seed, step, message, log, replay, trace }: FoundFinding): void {
    this.say(`\nFINDING in ${part}, seed ${seed}, step ${step}: ${message}`);
    for (const line of log) this.say(`    ${line}`);
    if (trace !== undefined) this.say(trace);
    this.say(`  again: ${replay}\n`);
  }
}

/** Gives a number with separators. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

/** Gives the totals of a run, a line for each kind. */
export function totals(counts: Counts): readonly string[] {
  const list = (title: string, prefix: string): string =>
    `${title.padEnd(12)} ${grouped(counts.sum(prefix))}: ${counts
      .withPrefix(prefix)
      .map(([name, number]) => `${name} ${grouped(number)}`)
      .join(', ')}`;
  return [
    list('operations', 'operation '),
    list('messages', 'message '),
    list('delivered', 'delivered '),
    list('commits', 'commit '),
    list('proposals', 'proposal '),
    list('joins', 'join '),
    list('suites', 'suite '),
    list('refusals', 'refusal '),
    list('inputs', 'input '),
  ];
}
