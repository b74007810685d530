/**
 * Waiting that has an end.
 *
 * @module
 */

/** Waits for work, but no longer than so many milliseconds: then gives what stands for being late. The work goes on. */
export async function inTime<T, Late>(work: Promise<T>, milliseconds: number, late: Late): Promise<T | Late> {
  const { promise, resolve } = Promise.withResolvers<Late>();
  const timer = setTimeout(() => resolve(late), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
