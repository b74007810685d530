/**
 * What can be said on the command line.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { STORES, type StoreKind } from './deployment/store.ts';

/** What a run is to do. */
export interface AttackOptions {
  readonly seconds: number;
  /** A fresh one when undefined. */
  readonly seed: number | undefined;
  readonly store: StoreKind;
  readonly clients: number;
  readonly replicas: number;
}

/** What is printed for `--help`. */
export const USAGE = `npm run attack -- [--seconds N] [--seed S] [--store ${STORES.join('|')}] [--clients N] [--replicas N]

  --seconds N   how long the clients race (60); settling and checking come after
  --seed S      who does what and which faults come: the same again for the same seed, as far as timing allows
  --store KIND  what the services keep things in (sqlite); the others start containers and need a Docker engine
  --clients N   clients of each kind, 2 to 50 (4)
  --replicas N  processes of each service, 1 to 5 (2; always 1 on sqlite, which is for one process)
  --help        this text`;

const LAST_SEED = 2 ** 32 - 1;
/** An access token of an attack lasts an hour. */
const LONGEST = 3_000;

/** Reads the command line; undefined when help is asked for. @throws TypeError in plain words */
export function readArguments(parameters: readonly string[]): AttackOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      seconds: text,
      seed: text,
      store: text,
      clients: text,
      replicas: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const store = storeFrom(values.store ?? 'sqlite');
  return {
    seconds: wholeNumber('--seconds', values.seconds ?? '60', [1, LONGEST]),
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, [0, LAST_SEED]),
    store,
    clients: wholeNumber('--clients', values.clients ?? '4', [2, 50]),
    replicas: replicasFrom(values.replicas, store),
  };
}

function storeFrom(text: string): StoreKind {
  const store = STORES.find((one) => one === text);
  if (store === undefined) throw new TypeError(`--store expects one of ${STORES.join(', ')}, found ${text}`);
  return store;
}

function replicasFrom(text: string | undefined, store: StoreKind): number {
  if (store !== 'sqlite') return wholeNumber('--replicas', text ?? '2', [1, 5]);
  if (text === undefined || text === '1') return 1;
  throw new TypeError('--replicas: a SQLite file is for one process of each service');
}

function wholeNumber(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value;
  throw new TypeError(`${name} expects a whole number from ${least} to ${most}, found ${text}`);
}
