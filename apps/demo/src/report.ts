/**
 * What a person at the terminal sees: one line a step, with its time, and progress on the long ones.
 *
 * @module
 */

/** Prints steps with their times. */
export class Report {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  readonly #started = performance.now();

  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  /** Prints a line as it is. */
  say(text: string): void {
    this.#write(`${text}\n`);
  }

  /** Runs a step, prints what it is and how long it took. */
  async step<T>(what: string, act: (progress: Progress) => Promise<T>): Promise<T> {
    const begin = performance.now();
    const result = await act(new Progress(what, this.#isTerminal ? this.#write : undefined));
    this.#write(`${this.#clear()}${seconds(performance.now() - begin)}  ${what}\n`);
    return result;
  }

  /** Gives the time since the report began, as text. */
  get total(): string {
    return seconds(performance.now() - this.#started).trim();
  }

  #clear(): string {
    return this.#isTerminal ? '\r\u001B[K' : '';
  }
}

/** Counts up what is done of a step; shown on a terminal only. */
export class Progress {
  readonly #what: string;
  readonly #write: ((text: string) => void) | undefined;
  #done = 0;

  constructor(what: string, write: ((text: string) => void) | undefined) {
    this.#what = what;
    this.#write = write;
    this.#write?.(`        … ${what}`);
  }

  /** Notes that one more of so many is done. */
  one(of: number): void {
    this.#done += 1;
    this.#write?.(`\r\u001B[K        … ${this.#what} ${this.#done}/${of}`);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2).padStart(6)} s`;
}
