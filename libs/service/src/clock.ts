/**
 * The clock as a parameter, so that tests decide what time it is.
 *
 * @module
 */

/** Tells the time in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
}

/** Makes a clock for tests. */
export function manualClock(startMs: number): ManualClock {
  let now = startMs;
  return {
    now: () => now,
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}
