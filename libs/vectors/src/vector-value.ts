/**
 * Typed access to JSON whose shape nobody has checked.
 *
 * @module
 */

import { VectorError } from './vector-error.ts';

/** A value of a vector file that knows where it stands; reading it as what it is not throws WRONG_SHAPE. */
export class VectorValue {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  /** Gives a field of an object. */
  get(field: string): VectorValue {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('an object');
    if (!Object.hasOwn(value, field)) throw this.#wrong(`a field ${field}`);
    const found: unknown = Reflect.get(value, field);
    return new VectorValue(found, `${this.#path}.${field}`);
  }

  /** Tells whether an object has a field. */
  has(field: string): boolean {
    return typeof this.#value === 'object' && this.#value !== null && Object.hasOwn(this.#value, field);
  }

  /** Gives nothing for null, and itself for everything else. */
  optional(): VectorValue | undefined {
    return this.#value === null ? undefined : this;
  }

  /** Gives the elements of an array. */
  array(): readonly VectorValue[] {
    const values: unknown = this.#value;
    if (!Array.isArray(values)) throw this.#wrong('an array');
    return values.map((value: unknown, index) => new VectorValue(value, `${this.#path}[${index}]`));
  }

  /** Gives the bytes that are written as hexadecimal text. */
  bytes(): Uint8Array {
    const text = this.text();
    if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw this.#wrong('hexadecimal text');
    return new Uint8Array(Buffer.from(text, 'hex'));
  }

  /** Gives an integer that a number holds exactly. */
  number(): number {
    const value = this.#value;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong('an integer');
    return value;
  }

  /** Gives an integer as a bigint, as epochs are. */
  bigint(): bigint {
    return BigInt(this.number());
  }

  /** Gives text as it stands. */
  text(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('text');
    return this.#value;
  }

  #wrong(expected: string): VectorError {
    return new VectorError('WRONG_SHAPE', `${this.#path}: ${expected} expected`);
  }
}
