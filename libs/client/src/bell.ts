/**
 * Wakes whoever waits for something new.
 *
 * @module
 */

/** A bell that everybody who waits hears; a ring that nobody waits for is forgotten. */
export class Bell {
  #ring = Promise.withResolvers<void>();

  /** Wakes everybody who waits. */
  ring(): void {
    this.#ring.resolve();
    this.#ring = Promise.withResolvers<void>();
  }

  /** The next ring. Ask for it before looking whether there is something new. */
  next(): Promise<void> {
    return this.#ring.promise;
  }
}
