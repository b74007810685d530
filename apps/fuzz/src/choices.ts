/**
 * Every decision of a run, from one seed.
 *
 * @module
 */

/** Makes decisions that look random and are the same for the same seed (mulberry32: for choices, never for keys). */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Gives a number of 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Gives a whole number from 0 to below the limit. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** Gives a whole number from the first to the last. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** Says yes so many times of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** Takes one of a list that is not empty. */
  oneOf<T>(list: readonly T[]): T {
    const at = this.below(list.length);
    for (const chosen of list.slice(at, at + 1)) return chosen;
    throw new RangeError('nothing to choose from');
  }

  /** Takes one of a list; undefined when it is empty. */
  maybeOneOf<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.oneOf(list);
  }

  /** Takes up to so many different ones of a list. */
  someOf<T>(list: readonly T[], most: number): T[] {
    const left = [...list];
    const taken: T[] = [];
    while (left.length > 0 && taken.length < most) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }

  /** Takes one of a list in which each has a weight. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(entries.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of entries) {
      if (left < weight) return value;
      left -= weight;
    }
    throw new RangeError('nothing to choose from');
  }

  /** Gives bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() >>> 24);
  }
}
