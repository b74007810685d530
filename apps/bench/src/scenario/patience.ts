/**
 * Which libraries were too slow for bigger groups.
 *
 * @module
 */

import type { OperationName } from '../operations.ts';
import type { Sample } from './scenario.ts';

/** An operation that took too long. */
interface SlowOperation {
  readonly operation: OperationName;
  readonly members: number;
  readonly seconds: number;
}

/** Remembers which blocks took a library too long. */
export class Patience {
  readonly #maximumSeconds: number;
  readonly #slow = new Map<string, SlowOperation>();

  constructor(maximumSeconds: number) {
    this.#maximumSeconds = maximumSeconds;
  }

  /** Takes note of how long an operation took. */
  note(
    block: string,
    { operation, members, nanoseconds }: Pick<Sample, 'operation' | 'members' | 'nanoseconds'>,
  ): void {
    const seconds = Number(nanoseconds) / 1e9;
    if (seconds > this.#maximumSeconds) this.#slow.set(block, { operation, members, seconds });
  }

  /** Says why a block is not played with so many members; undefined when it is. */
  refusal(block: string, members: number): string | undefined {
    const slow = this.#slow.get(block);
    if (slow === undefined || slow.members >= members) return undefined;
    return `${slow.operation} took ${slow.seconds.toFixed(0)} s with ${slow.members} members`;
  }
}
