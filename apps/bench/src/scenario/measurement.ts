/**
 * What is written down while one block is played.
 *
 * @module
 */

import type { OperationName, SizeName } from '../operations.ts';

/** What one play of a block measured. */
export class Measurement {
  readonly times: { readonly operation: OperationName; readonly nanoseconds: bigint }[] = [];
  readonly sizes: { readonly name: SizeName; readonly bytes: number }[] = [];

  /** Runs an operation and takes its time. */
  async time<T>(operation: OperationName, act: () => Promise<T>): Promise<T> {
    const start = process.hrtime.bigint();
    const result = await act();
    this.times.push({ operation, nanoseconds: process.hrtime.bigint() - start });
    return result;
  }

  /** Notes a size in bytes. */
  size(name: SizeName, bytes: number): void {
    this.sizes.push({ name, bytes });
  }

  /** Makes something, and notes what of memory it holds, divided by so many members. Needs `collectGarbage`. */
  async hold<T>(members: number, make: () => Promise<T>): Promise<T> {
    const before = usedBytes();
    const made = await make();
    this.size('memory-per-member', Math.max(0, usedBytes() - before) / members);
    return made;
  }
}

/** Whether garbage can be collected at will: with `node --expose-gc`. */
export const canCollectGarbage = globalThis.gc !== undefined;

/** Collects garbage, where that can be asked for. */
export function collectGarbage(): void {
  globalThis.gc?.();
}

/** Bytes of the heap, and of the buffers beside it. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
