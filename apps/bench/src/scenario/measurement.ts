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
}
