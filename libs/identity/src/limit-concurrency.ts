/**
 * Lets only so many pieces of work run at a time.
 *
 * @module
 */

/** Runs a piece of work as soon as there is room for it. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a limiter that lets `most` pieces of work run at a time, first come, first served. */
export function limitConcurrency(most: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) {
      // Whoever ends hands its place on, so nobody who comes later can take it.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
