/**
 * The servers of these tests as a process, for rooms that attack them from outside: `node servers-process.ts
 * none|single|cluster|sentinel`. It says one line `{"urls":[…]}` when they are up, then does what each line asks for and answers it with a line.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, RESP_TYPES } from 'redis';
import { getContainerRuntimeClient } from 'testcontainers';
import { startRedis, startRedisCluster, startSentinel, type RedisServers } from './redis-servers.ts';

const START = { single: startRedis, cluster: startRedisCluster, sentinel: startSentinel } as const;
const kind = process.argv[2];
/** Shorter and longer than the silence after which a server counts as gone. */
const BLINK_MS = 400;
const SLEEP_MS = 3_000;
/** Until then those that several servers took for their master agree again on one. */
const AGREE_MS = 5_000;
const LATEST_MS = 60_000;

type Deed = (servers: RedisServers) => Promise<void>;

const DEEDS: Readonly<Record<string, Deed>> = {
  blink: (servers) => freeze(servers, BLINK_MS),
  sleep: async (servers) => {
    await freeze(servers, SLEEP_MS);
    await pause(servers.urls.length > 1 ? AGREE_MS : 0);
  },
  restart: async (servers) => (await servers.killMaster())(),
  failOver: (servers) => servers.failOver(),
};

/** Hashes what each key of a single server holds. */
async function dump({ urls: [url = ''] }: RedisServers): Promise<Readonly<Record<string, string>>> {
  const client = createClient({ url });
  await client.connect();
  try {
    const hashes: Record<string, string> = {};
    for await (const keys of client.scanIterator()) {
      for (const key of keys) {
        const held = await client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).dump(key);
        hashes[key] = createHash('sha256')
          .update(held ?? '')
          .digest('hex');
      }
    }
    return hashes;
  } finally {
    client.destroy();
  }
}

async function freeze(servers: RedisServers, milliseconds: number): Promise<void> {
  const thaw = await servers.freeze();
  await pause(milliseconds);
  await thaw();
}

/** Servers that do not come back are a fault of the test, and no reason to wait for ever. */
async function inTime(deed: Promise<void>): Promise<void> {
  const late = pause(LATEST_MS, undefined, { ref: false }).then(() => {
    throw new Error(`not done after ${LATEST_MS / 1000} s`);
  });
  await Promise.race([deed, late]);
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function obey(servers: RedisServers): Promise<void> {
  for await (const name of createInterface({ input: process.stdin })) {
    try {
      if (name === 'dump') say({ done: name, keys: await dump(servers) });
      else {
        await inTime(DEEDS[name]?.(servers) ?? Promise.resolve());
        say({ done: name });
      }
    } catch (error) {
      say({ failed: name, why: error instanceof Error ? error.message : String(error) });
    }
  }
}

async function main(): Promise<void> {
  try {
    await getContainerRuntimeClient();
  } catch (error) {
    say({ noEngine: error instanceof Error ? error.message : String(error) });
    return;
  }
  if (kind === 'none') {
    say({ urls: [] });
    return;
  }
  const start = Object.entries(START).find(([name]) => name === kind)?.[1];
  if (start === undefined) throw new TypeError('expected none, single, cluster or sentinel');
  const servers = await start();
  try {
    say({ urls: servers.urls });
    await obey(servers);
  } finally {
    await servers.stop();
    // A client that still looks for a server that is gone would keep the process.
    process.exit();
  }
}

await main();
