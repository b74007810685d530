/**
 * Remembers what was used last, up to a weight.
 *
 * @module
 */

interface Kept<Value> {
  readonly value: Value;
  readonly weight: number;
}

/** Values by name; the one that was not used for longest goes first when there are too many. */
export class Recent<Name, Value> {
  readonly #capacity: number;
  readonly #kept = new Map<Name, Kept<Value>>();
  #weight = 0;

  /** The capacity is counted in whatever the weights are counted in; without weights, in values. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Finds a value, which is then the last one used. */
  find(name: Name): Value | undefined {
    const kept = this.#kept.get(name);
    if (kept === undefined) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    return kept.value;
  }

  /** Remembers a value in the place of the one with the same name; what is too heavy by itself is not remembered. */
  keep(name: Name, value: Value, weight = 1): void {
    this.forget(name);
    if (weight > this.#capacity) return;
    this.#kept.set(name, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#capacity) break;
      this.forget(oldest);
    }
  }

  /** The names of all values, the one that was not used for longest first. */
  names(): readonly Name[] {
    return [...this.#kept.keys()];
  }

  /** Forgets a value. */
  forget(name: Name): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    this.#weight -= kept.weight;
  }
}
