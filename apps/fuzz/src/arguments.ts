/**
 * What can be said on the command line.
 *
 * @module
 */

import { parseArgs } from 'node:util';
import { MOST_MEMBERS, type WorldOptions } from './structure/settings.ts';

/** The two parts of the fuzzer. */
export const parts = ['structure', 'bytes'] as const;
/** One part of the fuzzer. */
export type Part = (typeof parts)[number];

/** What a run is to do. */
export interface FuzzOptions extends WorldOptions {
  /** How long; undefined for one world of each part. */
  readonly seconds: number | undefined;
  /** The first seed; a fresh one when undefined. */
  readonly seed: number | undefined;
  readonly only: Part | undefined;
}

/** What is printed for `--help`. */
export const USAGE = `npm run fuzz -- [--seconds N] [--seed S] [--only structure|bytes] [--members N] [--suite N] [--steps N]

  --seconds N   how long (60 when neither this nor a seed is given)
  --seed S      the first seed; without --seconds this one seed is played again and nothing else
  --only PART   structure: simulated groups; bytes: damaged input for everything that reads bytes
  --members N   how many members the groups have at most, 2 to ${MOST_MEMBERS}
  --suite N     the cipher suite, 1 to 7
  --steps N     how many steps each seed has
  --help        this text`;

const DEFAULT_SECONDS = 60;
const LAST_SEED = 2 ** 32 - 1;

/** Reads the command line; undefined when help is asked for. @throws TypeError in plain words */
export function readArguments(parameters: readonly string[]): FuzzOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      seconds: text,
      seed: text,
      only: text,
      members: text,
      suite: text,
      steps: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const seed = wholeNumber('--seed', values.seed, 0, LAST_SEED);
  const seconds = wholeNumber('--seconds', values.seconds, 1, 7 * 24 * 3600);
  return {
    seconds: seconds ?? (seed === undefined ? DEFAULT_SECONDS : undefined),
    seed,
    only: partFrom(values.only),
    members: wholeNumber('--members', values.members, 2, MOST_MEMBERS),
    suite: wholeNumber('--suite', values.suite, 1, 7),
    steps: wholeNumber('--steps', values.steps, 1, 1_000_000),
  };
}

function wholeNumber(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value;
  throw new TypeError(`${name} expects a whole number from ${least} to ${most}, found ${text}`);
}

function partFrom(text: string | undefined): Part | undefined {
  if (text === undefined) return undefined;
  const part = parts.find((one) => one === text);
  if (part === undefined) throw new TypeError(`--only expects ${parts.join(' or ')}, found ${text}`);
  return part;
}
