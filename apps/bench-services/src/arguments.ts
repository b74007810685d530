/**
 * What can be said on the command line.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { caseNames, type CaseName } from './cases.ts';

/** What a run is to do. */
export interface RunOptions {
  /** A tenth of the work: the figures are rougher. */
  readonly quick: boolean;
  readonly cases: readonly CaseName[];
  readonly stores: readonly StoreName[];
  /** A Redis to use instead of starting one. */
  readonly redisUrl: string | undefined;
  /** A file for the figures as JSON, `-` for the standard output. */
  readonly json: string | undefined;
  readonly profiles: string | undefined;
}

/** The stores that the services are measured on. */
const storeNames = ['sqlite', 'redis'] as const;
/** One of the stores. */
export type StoreName = (typeof storeNames)[number];

/** What is printed for `--help`. */
export const USAGE = `npm run bench:services -- [options]

  --quick          a tenth of the work
  --only NAMES     of ${caseNames.join(', ')}
  --stores NAMES   of ${storeNames.join(', ')} (both when not given)
  --redis URL      a Redis to use, in which nothing is removed; otherwise redis-server, if it is on the path
  --json FILE      writes the figures; - for the standard output, the table then goes to standard error
  --profiles DIR   has V8 write CPU profiles of the services there
  --help           this text`;

/** Reads the command line; undefined when help is asked for. @throws {TypeError} when it cannot be understood */
export function readArguments(parameters: readonly string[]): RunOptions | undefined {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      stores: { type: 'string' },
      redis: { type: 'string' },
      json: { type: 'string' },
      profiles: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    quick: values.quick,
    cases: namesOf(values.only, caseNames),
    stores: namesOf(values.stores, storeNames),
    redisUrl: values.redis,
    json: values.json,
    profiles: values.profiles,
  };
}

function namesOf<Name extends string>(value: string | undefined, known: readonly Name[]): readonly Name[] {
  if (value === undefined) return known;
  return value.split(',').map((word) => {
    const name = known.find((candidate) => candidate === word);
    if (name === undefined) throw new TypeError(`${word} is none of ${known.join(', ')}`);
    return name;
  });
}
