import * as fc from 'fast-check';

import {
  opaque,
  optional,
  struct,
  uint16,
  uint32,
  uint64,
  uint8,
  vector,
  Writer,
  type Codec,
} from '../src/index.ts';

/** A codec and a value that it can encode. */
export interface Encodable {
  readonly codec: Codec<unknown>;
  readonly value: unknown;
}

/** A codec and several values that it can encode. */
interface Encodables {
  readonly codec: Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const scalars: fc.Arbitrary<Encodables> = fc.constantFrom<Encodables>(
  { codec: uint8, values: fc.nat({ max: 0xff }) },
  { codec: uint16, values: fc.nat({ max: 0xffff }) },
  { codec: uint32, values: fc.nat({ max: 0xffff_ffff }) },
  { codec: uint64, values: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) },
  // Longer than one byte of a length header can say.
  { codec: opaque, values: fc.uint8Array({ maxLength: 100 }) },
);

const { any } = fc.letrec<{ any: Encodables }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    scalars,
    tie('any').map(({ codec, values }) => ({
      codec: vector(codec),
      values: fc.array(values, { maxLength: 5 }),
    })),
    tie('any').map(({ codec, values }) => ({
      codec: optional(codec),
      values: fc.option(values, { nil: undefined }),
    })),
    fc.tuple(tie('any'), tie('any')).map(([first, second]) => ({
      codec: struct({ first: first.codec, second: second.codec }),
      values: fc.record({ first: first.values, second: second.values }),
    })),
  ),
}));

/** Codecs put together at random, each with a value. */
export const encodables: fc.Arbitrary<Encodable> = any.chain(({ codec, values }) =>
  values.map((value) => ({ codec, value })),
);

/** The encoding by a writer that nobody had before and nobody gets afterwards. */
export function encodedAfresh({ codec, value }: Encodable): Uint8Array {
  const writer = new Writer();
  codec.write(writer, value);
  return writer.finish();
}
