/**
 * Load by calls: so many under way at a time, the next one begins when one has ended.
 *
 * @module
 */
import type { Samples } from '../figures.ts';

/** Does one thing; rejects when it was not done as it should. */
export type Call = () => Promise<void>;

/** Makes the calls in their order and keeps the time of each. */
export async function makeCalls(calls: readonly Call[], inFlight: number, samples: Samples): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
      const begin = performance.now();
      await call();
      samples.add(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}
