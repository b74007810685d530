/**
 * Every decision of a run, from one seed.
 *
 * @module
 */

const GOLDEN = 0x9e37_79b9;

/** Makes decisions that look random and are the same for the same seed (splitmix32: for choices, never for keys). */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Gives a number of 32 bits. */
  next(): number {
    this.#state = (this.#state + GOLDEN) >>> 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** Gives a whole number from 0 to below the limit. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** Says yes so many times of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** Takes one of a list; undefined when it is empty. */
  oneOf<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
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

  /** Puts a list into another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.flatMap(() => left.splice(this.below(left.length), 1));
  }

  /** Gives bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.next() >>> 24);
  }

  /** Makes decisions of their own for somebody else, so that who decides more often does not change what others decide. */
  fork(): Choices {
    return new Choices(this.next());
  }
}
