/**
 * Benches on Redis in containers.
 *
 * @module
 */
import { createClient } from 'redis';
import { GenericContainer, Wait } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';
import { openRedis } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import type { StartBench } from '../bench.ts';

const IMAGE = 'redis:7-bookworm';

/** How tests reach Redis, where it does not matter. */
export const ACCESS = { name: 'test', replicas: 0, timeoutMs: 5000 } as const;

/** A server that tests share, and how a store is opened on it. */
export interface RedisServer {
  readonly container: StartedTestContainer;
  open(): Promise<Store>;
}

/** Starts one Redis. */
export async function startSingle(): Promise<RedisServer> {
  const container = await startRedis();
  return { container, open: () => openRedis({ store: 'redis', url: urlOf(container), ...ACCESS }) };
}

/** Starts a cluster of one node that owns every slot: it refuses a step over several slots. */
export async function startClusterOfOne(): Promise<RedisServer> {
  const container = await startRedis('--cluster-enabled', 'yes');
  // It tells its clients the address by which they can reach it.
  await tell(
    container,
    ['CONFIG', 'SET', 'cluster-announce-ip', '127.0.0.1'],
    ['CONFIG', 'SET', 'cluster-announce-port', String(container.getMappedPort(6379))],
    ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'],
  );
  await clusterOk(container);
  return {
    container,
    open: () => openRedis({ store: 'redis-cluster', urls: [urlOf(container)], ...ACCESS }),
  };
}

/** Gives the address of a server in a container. */
export function urlOf(container: StartedTestContainer): string {
  return `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
}

/** Sends commands to the server itself, past the store, and gives the last answer. */
export async function tell(container: StartedTestContainer, ...commands: string[][]): Promise<unknown> {
  const client = createClient({ url: urlOf(container) });
  client.on('error', () => {});
  let answer: unknown;
  try {
    await client.connect();
    for (const command of commands) answer = await client.sendCommand(command);
  } finally {
    client.destroy();
  }
  return answer;
}

/** Empties the server for each test; each opening is a connection of its own. */
export function onRedis<Port>(server: () => RedisServer, pick: (store: Store) => Port): StartBench<Port> {
  return async () => {
    await tell(server().container, ['FLUSHALL']);
    const stores: Store[] = [];
    return {
      open: async () => {
        const store = await server().open();
        stores.push(store);
        return pick(store);
      },
      end: async () => {
        for (const store of stores) store.close();
      },
    };
  };
}

function startRedis(...flags: string[]): Promise<StartedTestContainer> {
  return new GenericContainer(IMAGE)
    .withCommand(['redis-server', '--appendonly', 'yes', ...flags])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
    .start();
}

/** Waits until the node has seen that all slots are served. */
async function clusterOk(container: StartedTestContainer): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const info = await tell(container, ['CLUSTER', 'INFO']);
    if (typeof info === 'string' && info.includes('cluster_state:ok')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the cluster did not come up');
}
