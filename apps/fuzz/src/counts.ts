/**
 * What a run has done so far, by kind.
 *
 * @module
 */

/** Counts things by name. */
export class Counts {
  readonly #numbers = new Map<string, number>();

  /** Counts one more. */
  add(name: string, more = 1): void {
    this.#numbers.set(name, this.of(name) + more);
  }

  /** Gives the number of a name. */
  of(name: string): number {
    return this.#numbers.get(name) ?? 0;
  }

  /** Adds what another run has done. */
  addAll(other: Counts): void {
    for (const [name, number] of other.#numbers) this.add(name, number);
  }

  /** Gives names with a prefix and their numbers, the most first. */
  withPrefix(prefix: string): readonly (readonly [name: string, number: number])[] {
    return [...this.#numbers]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, number]): [string, number] => [name.slice(prefix.length), number])
      .toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b));
  }

  /** Gives the sum of the numbers under a prefix. */
  sum(prefix: string): number {
    return this.withPrefix(prefix).reduce((total, [, number]) => total + number, 0);
  }
}
