/**
 * Damage to bytes that know nothing of their structure.
 *
 * @module
 */

import type { Choices } from './choices.ts';

/** The longest input that damage makes. */
const LONGEST = 1 << 20;

type Damage = (choices: Choices, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

function flipOne(choices: Choices, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = choices.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << choices.below(8));
  return copy;
}

function flipBits(choices: Choices, bytes: Uint8Array): Uint8Array {
  let flipped = bytes;
  for (let count = choices.between(1, 3); count > 0; count--) flipped = flipOne(choices, flipped);
  return flipped;
}

function setByte(choices: Choices, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[choices.below(copy.length)] = choices.oneOf([0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff]);
  return copy;
}

function cut(choices: Choices, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, choices.below(bytes.length));
}

function remove(choices: Choices, bytes: Uint8Array): Uint8Array {
  const from = choices.below(bytes.length);
  return join(bytes.subarray(0, from), bytes.subarray(from + choices.between(1, 8)));
}

function insert(choices: Choices, bytes: Uint8Array): Uint8Array {
  const at = choices.below(bytes.length + 1);
  const extra = choices.bytes(choices.oneOf([1, 2, 4, 16, 64, 5000]));
  return join(bytes.subarray(0, at), extra, bytes.subarray(at));
}

function repeat(choices: Choices, bytes: Uint8Array): Uint8Array {
  const from = choices.below(bytes.length);
  const to = from + choices.between(1, 200);
  return join(bytes.subarray(0, to), bytes.subarray(from));
}

function splice(choices: Choices, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const other = choices.maybeOneOf(others) ?? bytes;
  return join(
    bytes.subarray(0, choices.below(bytes.length + 1)),
    other.subarray(choices.below(other.length + 1)),
  );
}

/** Length headers at their borders, the longest among them. */
const LENGTHS = [
  [0],
  [0x3f],
  [0x40, 0x40],
  [0x7f, 0xff],
  [0x80, 0, 0x40, 0],
  [0x80, 0x10, 0, 0],
  [0xbf, 0xff, 0xff, 0xff],
];

function setLength(choices: Choices, bytes: Uint8Array): Uint8Array {
  const at = choices.below(bytes.length);
  const replaced = choices.oneOf([0, 1, 2, 4]);
  const length = Uint8Array.from(choices.oneOf(LENGTHS));
  return join(bytes.subarray(0, at), length, bytes.subarray(at + replaced));
}

function fill(choices: Choices, bytes: Uint8Array): Uint8Array {
  const at = choices.below(bytes.length);
  return Uint8Array.from(bytes).fill(choices.oneOf([0, 0xff]), at, at + choices.between(1, 40));
}

function stretch(choices: Choices, bytes: Uint8Array): Uint8Array {
  const times = choices.between(2, 40);
  return join(...Array.from({ length: times }, () => bytes)).slice(0, LONGEST);
}

const kinds: readonly (readonly [number, Damage])[] = [
  [30, flipBits],
  [15, setByte],
  [10, cut],
  [8, remove],
  [8, insert],
  [5, repeat],
  [10, splice],
  [10, setLength],
  [5, fill],
  [1, stretch],
];

const isOneOf = (bytes: Uint8Array, known: readonly Uint8Array[]): boolean =>
  known.some((one) => Buffer.compare(one, bytes) === 0);

/** Gives a damaged copy that is neither the original nor one of the others. */
export function mutate(choices: Choices, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let damaged = bytes;
  for (
    let count = choices.weighted([
      [70, 1],
      [20, 2],
      [10, 4],
    ] as const);
    count > 0;
    count--
  ) {
    damaged = damaged.length === 0 ? choices.bytes(1) : choices.weighted(kinds)(choices, damaged, others);
  }
  // Damage may undo itself, or make one message into another one.
  return isOneOf(damaged, [bytes, ...others]) ? flipOne(choices, bytes) : damaged;
}
