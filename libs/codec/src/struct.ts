/**
 * `struct` and `select`: a structure is written once and gives type, encoder and decoder (RFC 9420 §2.1).
 *
 * @module
 */

import type { Codec, TypeOf } from './codec.ts';
import { CodecError } from './errors.ts';
import type { Reader } from './reader.ts';

type Flat<T> = { readonly [K in keyof T]: T[K] };

/** The object type of a struct's fields. */
export type StructOf<F> = Flat<{ [K in keyof F]: TypeOf<F[K]> }>;

/** Fields one after another, in the order in which they are written here. */
export function struct<F extends Readonly<Record<string, Codec<unknown>>>>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields);
  const Fields = createShape();
  return {
    write(writer, value) {
      const source: Readonly<Record<string, unknown>> = value;
      for (const [name, codec] of entries) {
        try {
          codec.write(writer, source[name]);
        } catch (error) {
          throw error instanceof CodecError ? error.within(name) : error;
        }
      }
    },
    read(reader) {
      const result = new Fields();
      for (const [name, codec] of entries) result[name] = readField(codec, reader, name);
      // oxlint-disable-next-line no-unsafe-type-assertion -- the entries above are the fields of F
      return result as StructOf<F>;
    },
  };
}

type Shape = new () => Record<string, unknown>;

// A class for each: the engine learns how many fields its objects have, and gives them room for just those.
function createShape(): Shape {
  return class Fields {
    [name: string]: unknown;
  };
}

function readField(codec: Codec<unknown>, reader: Reader, name: string): unknown {
  try {
    return codec.read(reader);
  } catch (error) {
    throw error instanceof CodecError ? error.within(name) : error;
  }
}

/** The union of the arms of a `select`, each with its tag. */
export type SelectOf<K extends string, A> = {
  [Tag in keyof A]: Flat<{ [P in K]: Tag } & TypeOf<A[Tag]>>;
}[keyof A];

/**
 * A tag followed by the arm that belongs to it. A tag without an arm is UNKNOWN_VALUE: nothing tells its length.
 *
 * @param name - the field that holds the tag in the decoded value
 * @param tag - the codec of the tag
 * @param arms - a struct for each tag
 */
export function select<K extends string, A extends Readonly<Record<number, Codec<object>>>>(
  name: K,
  tag: Codec<number>,
  arms: A,
): Codec<SelectOf<K, A>> {
  const table = new Map(
    Object.entries<Codec<object>>(arms).map(([key, arm]) => [Number(key), { arm, Fields: createShape() }]),
  );
  const entryOf = (value: number): { readonly arm: Codec<object>; readonly Fields: Shape } => {
    const entry = table.get(value);
    if (entry !== undefined) return entry;
    const known = [...table.keys()].join(', ');
    throw new CodecError('UNKNOWN_VALUE', `one of ${known} expected, found ${value}`).within(name);
  };
  return {
    write(writer, value) {
      const source: Readonly<Record<string, unknown>> = value;
      const tagValue = Number(source[name]);
      const { arm } = entryOf(tagValue);
      tag.write(writer, tagValue);
      arm.write(writer, value);
    },
    read(reader) {
      const tagValue = tag.read(reader);
      const { arm, Fields } = entryOf(tagValue);
      const result = new Fields();
      result[name] = tagValue;
      // oxlint-disable-next-line no-unsafe-type-assertion -- tag and arm were found together
      return Object.assign(result, arm.read(reader)) as SelectOf<K, A>;
    },
  };
}
