/**
 * Who watches a run and may end it.
 *
 * @module
 */

/** Is asked after each step whether to go on. */
export interface Watcher {
  goesOn(): boolean | Promise<boolean>;
}

/** Lets everything run to its end. */
export const patient: Watcher = { goesOn: () => true };
