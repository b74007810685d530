/**
 * The settings that choose a service's store.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { ConfigOf } from './config.ts';
import {
  choice,
  duration,
  integer,
  list,
  only,
  optional,
  path,
  secret,
  text,
  type Setting,
} from './settings.ts';

/** The settings of a service that keeps something: spread them into the service's own schema. */
export const storeSettings = {
  store: choice({
    env: 'CANOPY_STORE',
    description: 'where the service keeps what it must not forget',
    default: 'sqlite',
    words: ['sqlite', 'redis', 'redis-sentinel', 'redis-cluster'],
  }),
  data: optional(
    path({ env: 'CANOPY_DATA', description: 'folder of the store file, made when missing; sqlite only' }),
  ),
  redisUrls: redisUrls({
    env: 'CANOPY_REDIS_URLS',
    description: 'the Redis, some nodes of the cluster, or the Sentinels',
    default: '',
  }),
  redisSentinelName: optional(
    text({ env: 'CANOPY_REDIS_SENTINEL_NAME', description: 'what the Sentinels call the master' }),
  ),
  redisUsername: optional(
    text({ env: 'CANOPY_REDIS_USERNAME', description: 'user of the access control list of Redis' }),
  ),
  redisPassword: optional(secret({ env: 'CANOPY_REDIS_PASSWORD', description: 'password of that user' })),
  redisCa: optional(
    path({ env: 'CANOPY_REDIS_CA', description: 'certificates to trust at rediss:// addresses, in PEM' }),
  ),
  redisReplicas: integer({
    env: 'CANOPY_REDIS_REPLICAS',
    description: 'replicas that must have a write before it counts as accepted',
    default: '0',
    minimum: 0,
    maximum: 16,
  }),
  redisTimeout: duration({
    env: 'CANOPY_REDIS_TIMEOUT',
    description: 'time after which a step of Redis counts as failed',
    default: '5s',
    minimumMs: 10,
    maximumMs: 60_000,
  }),
} as const;

/** What a service that keeps something is configured with. */
export type StoreConfig = ConfigOf<typeof storeSettings>;

/** How Redis is reached, whatever kind it is. */
export interface RedisAccess {
  /** The name of the service, by which Redis lists its connections. */
  readonly name: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates to trust, in PEM. */
  readonly ca?: Buffer;
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** Which store to open, with what opening it takes. */
export type StoreChoice =
  | { readonly store: 'sqlite'; readonly folder: string; readonly name: string }
  | (RedisAccess & { readonly store: 'redis'; readonly url: string })
  | (RedisAccess & {
      readonly store: 'redis-sentinel';
      readonly urls: readonly string[];
      readonly sentinelName: string;
    })
  | (RedisAccess & { readonly store: 'redis-cluster'; readonly urls: readonly string[] });

/** Finds what is wrong between the settings of the store; a `ConfigCheck`. */
export function checkStore(config: Partial<StoreConfig>): readonly string[] {
  const { store, redisUrls: urls } = config;
  if (store === undefined || urls === undefined) {
    return [];
  }
  return store === 'sqlite' ? checkSqlite(config) : checkRedis(store, urls, config);
}

/** Says which store to open for the service of that name. @throws {TypeError} when `checkStore` finds faults. */
export function storeChoice(config: StoreConfig, name: string): StoreChoice {
  const { store, data, redisUrls: urls, redisSentinelName: sentinelName } = config;
  const [url] = urls;
  if (store === 'sqlite' && data !== undefined) {
    return { store, folder: data, name };
  }
  if (store === 'redis' && url !== undefined) {
    return { store, url, ...accessOf(config, name) };
  }
  if (store === 'redis-sentinel' && sentinelName !== undefined) {
    return { store, urls, sentinelName, ...accessOf(config, name) };
  }
  if (store === 'redis-cluster') {
    return { store, urls, ...accessOf(config, name) };
  }
  throw new TypeError('the settings of the store were not checked');
}

function accessOf(config: StoreConfig, name: string): RedisAccess {
  const { redisUsername: username, redisPassword: password, redisCa: ca } = config;
  return {
    name,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    replicas: config.redisReplicas,
    timeoutMs: config.redisTimeout,
  };
}

function checkSqlite({ data, redisUrls: urls = [] }: Partial<StoreConfig>): readonly string[] {
  return [
    ...(data === undefined ? ['CANOPY_DATA is missing (CANOPY_STORE is sqlite)'] : []),
    ...(urls.length > 0 ? ['CANOPY_REDIS_URLS is of no use while CANOPY_STORE is sqlite'] : []),
  ];
}

function checkRedis(
  store: string,
  urls: readonly string[],
  { redisSentinelName: sentinelName, redisCa: ca }: Partial<StoreConfig>,
): readonly string[] {
  if (urls.length === 0) {
    return [`CANOPY_REDIS_URLS is missing (CANOPY_STORE is ${store})`];
  }
  const secure = urls.filter((url) => url.startsWith('rediss:')).length;
  const faults: readonly (readonly [boolean, string])[] = [
    [
      store === 'redis' && urls.length > 1,
      'CANOPY_REDIS_URLS has more than one address (CANOPY_STORE is redis)',
    ],
    [secure > 0 && secure < urls.length, 'CANOPY_REDIS_URLS has addresses with and without TLS'],
    [ca !== undefined && secure === 0, 'CANOPY_REDIS_CA is of no use without rediss:// addresses'],
    [
      store === 'redis-sentinel' && sentinelName === undefined,
      'CANOPY_REDIS_SENTINEL_NAME is missing (CANOPY_STORE is redis-sentinel)',
    ],
  ];
  return faults.filter(([wrong]) => wrong).map(([, fault]) => fault);
}

/** Addresses are shown in faults and logs: a password in one of them would be, too. */
function redisUrls(options: Parameters<typeof list>[0]): Setting<readonly string[]> {
  const form = 'redis://host:port or rediss://host:port, commas between, no password inside';
  return only(list(options), form, (urls) => urls.every(isRedisUrl));
}

function isRedisUrl(address: string): boolean {
  const url = URL.parse(address);
  return (
    url !== null &&
    ['redis:', 'rediss:'].includes(url.protocol) &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === ''
  );
}
