/**
 * The logarithmic axis of the chart.
 *
 * @module
 */

/** A logarithmic axis from one power of ten to another. */
export class LogAxis {
  readonly #from: number;
  readonly #to: number;
  readonly #left: number;
  readonly #right: number;

  /** Takes the values that have to fit, all above zero, and where the axis begins and ends. */
  constructor(values: readonly number[], left: number, right: number) {
    this.#from = Math.floor(Math.log10(Math.min(...values)));
    this.#to = Math.max(this.#from + 1, Math.ceil(Math.log10(Math.max(...values))));
    this.#left = left;
    this.#right = right;
  }

  /** Gives where a value stands. */
  at(value: number): number {
    const part = (Math.log10(value) - this.#from) / (this.#to - this.#from);
    return this.#left + part * (this.#right - this.#left);
  }

  /** Gives the powers of ten. */
  ticks(): readonly number[] {
    return Array.from({ length: this.#to - this.#from + 1 }, (_, i) => 10 ** (this.#from + i));
  }
}
