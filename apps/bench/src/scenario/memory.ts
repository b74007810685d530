/**
 * Garbage and memory. Both need `node --expose-gc`.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises';

/** Whether garbage can be collected at will. */
export const canCollectGarbage = globalThis.gc !== undefined;

/** Collects garbage, where that can be asked for. */
export function collectGarbage(): void {
  globalThis.gc?.();
}

/**
 * Collects what was made lately and is garbage already, where that can be asked for. What a library leaves behind is then
 * not collected in the time of the next one; compiled code stays, as it does not in a full collection.
 */
export function collectYoungGarbage(): void {
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
}

/** Something, and the bytes of memory that it holds. */
export interface Weighed<T> {
  readonly made: T;
  readonly bytes: number;
}

/** Makes something, and finds what it holds of the heap and of the buffers beside it. */
export async function weigh<T>(make: () => Promise<T>): Promise<Weighed<T>> {
  const before = await usedBytes();
  const made = await make();
  return { made, bytes: (await usedBytes()) - before };
}

async function usedBytes(): Promise<number> {
  collectGarbage();
  // Buffers that were found free are given back behind the collection's back: the second one waits for it.
  await setImmediate();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
