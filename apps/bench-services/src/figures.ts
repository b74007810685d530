/**
 * What is measured of one kind of work.
 *
 * @module
 */

/** What the load generator saw. */
export interface Seen {
  /** How many things were done: calls, messages, deliveries. */
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of a core that the load generator itself used: near 1 it may be what was measured. */
  readonly loaderShare: number;
}

/** The same with what it took at the service. */
export interface Figures extends Seen {
  /** Processor time of the service's process for each of them, in microseconds. */
  readonly serverUs: number;
}

/** How many were done in a second. */
export function rateOf({ count, seconds }: Pick<Seen, 'count' | 'seconds'>): number {
  return count / seconds;
}

/** Times of single things, in milliseconds. */
export class Samples {
  readonly #times: number[] = [];

  add(milliseconds: number): void {
    this.#times.push(milliseconds);
  }

  get count(): number {
    return this.#times.length;
  }

  /** The time that a share of all did not exceed; 0 when there are none. */
  percentile(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
