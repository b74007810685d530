/**
 * What the services keep things in, and how it can be hurt.
 *
 * @module
 */
import type { Fault } from '../history/faults.ts';
import { dumpSqlite, withoutWhatMayChange, type StoreDump } from '../malformed/store-dump.ts';
import type { Deployment } from './deployment.ts';
import type { ServiceName } from './service-process.ts';
import { RedisServers, type Deed, type ServersKind } from './redis-servers.ts';

/** The stores that can be attacked. */
export const STORES = ['sqlite', 'redis', 'redis-cluster', 'sentinel'] as const;
/** A store that can be attacked. */
export type StoreKind = (typeof STORES)[number];

/** A store that runs. */
export interface AttackedStore {
  /** What the services have to be told about it. */
  readonly settings: NodeJS.ProcessEnv;
  readonly faults: readonly Fault[];
  /** Reads what it holds of a service, besides what may change whatever is asked. A single Redis holds what all have. */
  dump(deployment: Deployment, name: ServiceName): Promise<StoreDump>;
  stop(): Promise<void>;
}

interface RedisKind {
  readonly servers: ServersKind;
  readonly settings: NodeJS.ProcessEnv;
  /** What is done to it, and how often. */
  readonly deeds: readonly (readonly [Deed, number])[];
}

/** Every replica of a master has to have what is acknowledged, so that whichever takes over has it; the machine may be slow. */
const SLOW = { CANOPY_REDIS_TIMEOUT: '4s' };

const KINDS: Readonly<Record<Exclude<StoreKind, 'sqlite'>, RedisKind>> = {
  redis: {
    servers: 'single',
    settings: { CANOPY_STORE: 'redis', CANOPY_REDIS_TIMEOUT: '4s' },
    deeds: [
      ['blink', 20],
      ['sleep', 20],
      ['restart', 60],
    ],
  },
  'redis-cluster': {
    servers: 'cluster',
    settings: { CANOPY_STORE: 'redis-cluster', CANOPY_REDIS_REPLICAS: '1', ...SLOW },
    deeds: [
      ['blink', 20],
      ['sleep', 30],
      ['failOver', 60],
    ],
  },
  sentinel: {
    servers: 'sentinel',
    settings: {
      CANOPY_STORE: 'redis-sentinel',
      CANOPY_REDIS_SENTINEL_NAME: 'canopy',
      CANOPY_REDIS_REPLICAS: '2',
      ...SLOW,
    },
    deeds: [
      ['blink', 20],
      ['sleep', 30],
      ['failOver', 60],
    ],
  },
};

const EMBEDDED: AttackedStore = {
  settings: {},
  faults: [],
  dump: async (deployment, name) => withoutWhatMayChange(dumpSqlite(deployment.storeFile(name))),
  stop: () => Promise.resolve(),
};

/** Starts a store. @throws {NoEngineError} when a Docker engine is needed and there is none */
export async function startStore(kind: StoreKind): Promise<AttackedStore> {
  if (kind === 'sqlite') return EMBEDDED;
  const { servers: servesAs, settings, deeds } = KINDS[kind];
  const servers = await RedisServers.start(servesAs);
  return {
    settings: { ...settings, CANOPY_REDIS_URLS: servers.urls.join(',') },
    faults: deeds.map(([deed, weight]) => ({
      name: `Redis ${deed}`,
      weight,
      inflict: () => servers.inflict(deed),
    })),
    dump: async () => {
      const keys = await servers.dump();
      return withoutWhatMayChange(new Map([...keys].map(([key, hash]) => [key, [hash]])));
    },
    stop: () => servers.stop(),
  };
}
