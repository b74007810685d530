/**
 * What can be said on the command line.
 *
 * @module
 */

import { parseArgs } from 'node:util';

import type { BackEndName } from '@canopy/crypto';

import { operationNames, type OperationName } from './operations.ts';
import { CHART_SUITE, chartMembers } from './report/chart-lines.ts';
import { treeOrder } from './report/names.ts';
import type { Setting } from './scenario/scenario.ts';

/** The other libraries by the names that the command line has for them. */
export const peerKeys = ['ts-mls', 'ts-mls-next', 'core-crypto', 'mls-ts'] as const;
/** One of the other libraries. */
export type PeerKey = (typeof peerKeys)[number];

/** Canopy on both back ends, and on each. */
const canopyKeys = ['canopy', 'canopy-node', 'canopy-sodium'] as const;
const libraryKeys = [...canopyKeys, ...peerKeys];

/** What is to be measured. */
export interface MeasureOptions {
  readonly settings: readonly Setting[];
  /** What goes into the result. */
  readonly operations: readonly OperationName[];
  /** What Canopy is measured on. */
  readonly backEnds: readonly BackEndName[];
  readonly peers: readonly PeerKey[];
  /** For one operation of another library, before bigger groups are left out for it. */
  readonly maximumSeconds: number;
  /** For all cycles of a library in one group; each operation is run once at least. */
  readonly secondsPerLibrary: number;
}

/** Where the figures go beside the table. */
export interface Outputs {
  /** A file for the JSON, `-` for the standard output. */
  readonly json: string | undefined;
  /** Whether docs/benchmarks.md and docs/benchmarks.svg are written. */
  readonly page: boolean;
}

/** What a run is to do: measure, or draw what was measured before. */
export type Command =
  | { readonly kind: 'measure'; readonly options: MeasureOptions; readonly outputs: Outputs }
  | { readonly kind: 'draw'; readonly from: string; readonly outputs: Outputs };

/** Bigger groups are for Canopy and the floor alone. */
export const MOST_MEMBERS_FOR_ALL = 1000;
const MOST_MEMBERS = 50_000;

/** How many cycles there are where nothing is said: more in small groups, whose code is compiled only on the way. */
const DEFAULT_RUNS = { most: 100, least: 20, fewMembers: 100 };
const MAXIMUM_SECONDS = 20;
const SECONDS_PER_LIBRARY = { quick: 10, full: 30 } as const;

/** What is printed for `--help`. */
export const USAGE = `npm run bench -- [options]

  --quick              suite 1 with 2 and 100 members: about two minutes
  --suites 1,2,3       cipher suites, 1 to 7
  --members 2,10,100   numbers of members, 2 to ${MOST_MEMBERS}; above ${MOST_MEMBERS_FOR_ALL} for Canopy and the floor only
                       (2,10,100,1000 when not given, and 10000 in suite 1)
  --trees NAMES        of ${treeOrder.join(', ')}
  --operations NAMES   only these in the result, of ${wrapped(operationNames)}
  --peers NAMES        of ${peerKeys.join(', ')} (all when not given), or none;
                       ${canopyKeys.slice(1).join(' or ')}: Canopy on one back end alone (both when neither is given)
  --runs N             cycles: how often each operation is run at most
                       (${DEFAULT_RUNS.least}; ${DEFAULT_RUNS.most} up to ${DEFAULT_RUNS.fewMembers} members)
  --maximum-seconds N  a library that needs longer for an operation is left out in bigger groups (${MAXIMUM_SECONDS})
  --seconds-per-library N
                       for all cycles of a library in one group (${SECONDS_PER_LIBRARY.full}, with --quick ${SECONDS_PER_LIBRARY.quick})
  --json FILE          writes the figures; - for the standard output, the table then goes to standard error
  --page               writes docs/benchmarks.md and docs/benchmarks.svg
  --from FILE          measures nothing: table and page are made from the JSON of an earlier run
  --help               this text`;

const text = { type: 'string' } as const;
const yes = { type: 'boolean' } as const;
const outputOptions = { json: text, page: yes, from: text, help: yes } as const;
const measureOptions = {
  quick: yes,
  suites: text,
  members: text,
  trees: text,
  operations: text,
  peers: text,
  runs: text,
  'maximum-seconds': text,
  'seconds-per-library': text,
} as const;

type Values = ReturnType<typeof parse>['values'];

/** Reads the command line; undefined when help is asked for. @throws TypeError in plain words */
export function readArguments(parameters: readonly string[]): Command | undefined {
  const { values } = parse(parameters);
  if (values.help === true) return undefined;
  const outputs = { json: values.json, page: values.page === true };
  if (values.from === undefined) {
    const options = readMeasure(values);
    if (outputs.page && !options.settings.some(hasChart))
      throw new TypeError('--page draws suite 1 with 100 and 1000 members, but neither is measured');
    return { kind: 'measure', options, outputs };
  }
  const extra = Object.keys(measureOptions).find((name) => name in values);
  if (extra !== undefined)
    throw new TypeError(`--from measures nothing, so --${extra} has no meaning with it`);
  return { kind: 'draw', from: values.from, outputs };
}

function hasChart({ suite, members }: Setting): boolean {
  return suite === CHART_SUITE && chartMembers.includes(members);
}

function parse(parameters: readonly string[]) {
  return parseArgs({ args: [...parameters], options: { ...outputOptions, ...measureOptions } });
}

function readMeasure(values: Values): MeasureOptions {
  return {
    settings: readSettings(values),
    operations: readNames('--operations', values.operations, operationNames),
    ...readLibraries(values.peers === 'none' ? 'canopy' : values.peers),
    maximumSeconds: readNumber('--maximum-seconds', values['maximum-seconds'] ?? `${MAXIMUM_SECONDS}`, HOUR),
    secondsPerLibrary: readNumber(
      '--seconds-per-library',
      values['seconds-per-library'] ?? `${SECONDS_PER_LIBRARY[values.quick === true ? 'quick' : 'full']}`,
      HOUR,
    ),
  };
}

/** Canopy is there always: on both back ends, unless one is named alone. */
function readLibraries(list: string | undefined): Pick<MeasureOptions, 'backEnds' | 'peers'> {
  const names = readNames('--peers', list, libraryKeys);
  const named = (['node', 'sodium'] as const).filter((backEnd) => names.includes(`canopy-${backEnd}`));
  const backEnds = names.includes('canopy') || named.length === 0 ? (['node', 'sodium'] as const) : named;
  return { backEnds, peers: peerKeys.filter((key) => names.includes(key)) };
}

/** Gives the groups, those of a suite from small to big. */
function readSettings(values: Values): readonly Setting[] {
  const isQuick = values.quick === true;
  const suites = readNumbers('--suites', values.suites ?? (isQuick ? '1' : '1,2,3'), { least: 1, most: 7 });
  const sizes = { least: 2, most: MOST_MEMBERS };
  const members = readNumbers('--members', values.members ?? (isQuick ? '2,100' : '2,10,100,1000'), sizes);
  const trees = readNames('--trees', values.trees, treeOrder);
  const runs =
    values.runs === undefined ? undefined : readNumber('--runs', values.runs, { least: 1, most: 1000 });
  const isBiggestAdded = values.members === undefined && !isQuick;
  return suites.flatMap((suite) =>
    [...members, ...(isBiggestAdded && suite === 1 ? [10_000] : [])].map((count) => ({
      suite,
      members: count,
      trees,
      cycles: runs ?? DEFAULT_RUNS[count <= DEFAULT_RUNS.fewMembers ? 'most' : 'least'],
      players: count > MOST_MEMBERS_FOR_ALL ? ('canopy' as const) : ('all' as const),
    })),
  );
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Limits of what is given in seconds. */
const HOUR: Bounds = { least: 1, most: 3600 };

function readNumbers(name: string, list: string, bounds: Bounds): readonly number[] {
  const numbers = list.split(',').map((one) => readNumber(name, one, bounds));
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

function readNumber(name: string, one: string, { least, most }: Bounds): number {
  const value = Number(one);
  if (Number.isInteger(value) && value >= least && value <= most && one.trim() !== '') return value;
  throw new TypeError(`${name} expects whole numbers from ${least} to ${most}, found '${one}'`);
}

/** Gives the names of a list, in the order of all; all of them when there is no list. */
function readNames<Name extends string>(
  option: string,
  list: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  const wanted = list?.split(',').map((one) => one.trim());
  const unknown = wanted?.find((one) => all.every((name) => name !== one));
  if (unknown !== undefined) throw new TypeError(`${option} expects ${all.join(', ')}; found '${unknown}'`);
  return all.filter((name) => wanted?.includes(name) !== false);
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += 3) lines.push(names.slice(i, i + 3).join(', '));
  return lines.join(`,\n${' '.repeat(23)}`);
}
