/**
 * Wakes what a stream waits for; a ring that nobody waits for is remembered, once.
 *
 * @module
 */

/** A bell for one waiter. */
export class Bell {
  #rung = false;
  #waiting: (() => void) | undefined;

  /** Wakes the waiter, or lets the next one pass. */
  ring(): void {
    this.#rung = true;
    this.#waiting?.();
  }

  /** Waits until the bell has rung since the last time that somebody waited. */
  async heard(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#rung = false;
    this.#waiting = undefined;
  }
}
