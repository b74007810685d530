/**
 * A value that does not print itself.
 *
 * @module
 */
import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** Holds a secret of the configuration; shows it only to who asks by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Gives the secret itself: never log it, never put it into an error. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
