/**
 * One thing at a time, in the order of asking.
 *
 * @module
 */

/** Runs what is asked of it one after the other. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs an act when all that were asked for before have ended, however they ended. */
  run<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(act);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Waits for everything that was asked for until now. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
