/**
 * Redis in containers, with the faults that tests make: single, a Cluster of three masters and three replicas, Sentinel.
 * Cluster and Sentinel are reached at the addresses of their containers.
 *
 * @module
 */
import { createServer } from 'node:net';
import { createClient } from 'redis';
import { GenericContainer, Wait, getContainerRuntimeClient } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';

/** Some servers that work together, started for a test. */
export interface RedisServers {
  /** Where a store is pointed to: the server, the nodes of the cluster, or the Sentinels. */
  readonly urls: readonly string[];
  /** Deletes all data. */
  flush(): Promise<void>;
  /** Ends a master with SIGKILL, and gives what starts it again, with what its files have. */
  killMaster(): Promise<() => Promise<void>>;
  /** Freezes a master, and gives what thaws it. */
  freeze(): Promise<() => Promise<void>>;
  /** Sends a command to every master. */
  tell(...command: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** How the servers differ from the usual. */
export interface RedisFlags {
  readonly flags?: readonly string[];
  /** What the server asks for. */
  readonly password?: string;
  /** Files that the server reads, by their place in the container. */
  readonly files?: Readonly<Record<string, string>>;
  /** How the server is spoken to; `rediss:` when its flags make it speak TLS. */
  readonly scheme?: 'redis:' | 'rediss:';
}

const IMAGE = 'redis:7-bookworm';
const PORT = 6379;
const SENTINEL_PORT = 26_379;
/** What the Sentinels call the master. */
export const SENTINEL_NAME = 'canopy';
/** After this silence a server counts as gone. */
const DOWN_AFTER_MS = 1000;

// A replica that waits for others before its first copy has nothing to take over with.
const COMMON = ['--appendonly', 'yes', '--save', '', '--repl-diskless-sync-delay', '0'];

/** Starts one server on a port that stays the same when it starts again. */
export async function startRedis({
  flags = [],
  password,
  files = {},
  scheme = 'redis:',
}: RedisFlags = {}): Promise<RedisServers> {
  const port = await freePort();
  const secret = password === undefined ? [] : ['--requirepass', password];
  const container = await new GenericContainer(IMAGE)
    .withCommand(['redis-server', ...COMMON, ...secret, ...flags])
    .withCopyContentToContainer(
      Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o644 })),
    )
    .withExposedPorts({ container: PORT, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
    .start();
  const url = `${scheme}//${container.getHost()}:${port}`;
  const address = { url, ...(password === undefined ? {} : { password }) };
  return {
    urls: [url],
    flush: () => tellOne(address, ['FLUSHALL']).then(() => {}),
    killMaster: () => kill(container),
    freeze: () => freeze(container),
    tell: (...command) => tellOne(address, command).then(() => {}),
    stop: () => container.stop({ timeout: 0 }).then(() => {}),
  };
}

/** Starts a Cluster: three masters, each with a replica. */
export async function startRedisCluster(): Promise<RedisServers> {
  const nodes = await startAll(6, [
    'redis-server',
    ...COMMON,
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    String(DOWN_AFTER_MS),
    '--cluster-replica-validity-factor',
    '0',
  ]);
  const addresses = nodes.map((node) => `${ipOf(node)}:${PORT}`);
  const made = await nodes[0]?.exec([
    'redis-cli',
    '--cluster',
    'create',
    ...addresses,
    '--cluster-replicas',
    '1',
    '--cluster-yes',
  ]);
  if (made?.exitCode !== 0) throw new Error(`the cluster was not made: ${made?.output ?? ''}`);
  for (const node of nodes) await until(node, ['CLUSTER', 'INFO'], /cluster_state:ok/u);
  await untilReplicated(nodes);
  return severalServers(
    nodes,
    nodes,
    addresses.map((address) => `redis://${address}`),
  );
}

/** Starts a master with two replicas, and three Sentinels that watch over them. */
export async function startSentinel(): Promise<RedisServers> {
  const [master] = await startAll(1, ['redis-server', ...COMMON]);
  if (master === undefined) throw new Error('no master');
  const replicas = await startAll(2, ['redis-server', ...COMMON, '--replicaof', ipOf(master), String(PORT)]);
  await untilReplicated(replicas);
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startOneSentinel(ipOf(master))));
  for (const sentinel of sentinels)
    await until(sentinel, ['INFO', 'sentinel'], /slaves=2,sentinels=3/u, SENTINEL_PORT);
  return severalServers(
    [master, ...replicas],
    [master, ...replicas, ...sentinels],
    sentinels.map((sentinel) => `redis://${ipOf(sentinel)}:${SENTINEL_PORT}`),
  );
}

function severalServers(
  servers: readonly StartedTestContainer[],
  all: readonly StartedTestContainer[],
  urls: readonly string[],
): RedisServers {
  const dead = new Set<StartedTestContainer>();
  const masters = async (): Promise<readonly StartedTestContainer[]> => {
    const alive = servers.filter((server) => !dead.has(server));
    const roles = await Promise.all(alive.map((server) => tellOne(addressOf(server), ['ROLE'])));
    return alive.filter((_, i) => String([roles[i]].flat()[0]) === 'master');
  };
  const oneMaster = async (): Promise<StartedTestContainer> => {
    const [master] = await masters();
    if (master === undefined) throw new Error('there is no master');
    return master;
  };
  const tell = async (...command: readonly string[]): Promise<void> => {
    await Promise.all((await masters()).map((master) => tellOne(addressOf(master), command)));
  };
  return {
    urls,
    tell,
    flush: () => tell('FLUSHALL'),
    killMaster: async () => {
      const master = await oneMaster();
      dead.add(master);
      const revive = await kill(master);
      return async () => {
        await revive();
        dead.delete(master);
      };
    },
    freeze: async () => freeze(await oneMaster()),
    stop: async () => {
      await Promise.all(all.map((container) => container.stop({ timeout: 0 })));
    },
  };
}

function startAll(count: number, command: string[]): Promise<StartedTestContainer[]> {
  return Promise.all(
    Array.from({ length: count }, () =>
      new GenericContainer(IMAGE)
        .withCommand(command)
        .withExposedPorts(PORT)
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
        .start(),
    ),
  );
}

function startOneSentinel(master: string): Promise<StartedTestContainer> {
  const content = [
    `port ${SENTINEL_PORT}`,
    'protected-mode no',
    `sentinel monitor ${SENTINEL_NAME} ${master} ${PORT} 2`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${SENTINEL_NAME} 3000`,
    '',
  ].join('\n');
  // It writes its file anew, as the user that the image runs it as.
  return new GenericContainer(IMAGE)
    .withCopyContentToContainer([{ target: '/data/sentinel.conf', content, mode: 0o666 }])
    .withCommand(['redis-server', '/data/sentinel.conf', '--sentinel'])
    .withExposedPorts(SENTINEL_PORT)
    .withWaitStrategy(Wait.forLogMessage(/\+monitor master/u))
    .start();
}

async function untilReplicated(nodes: readonly StartedTestContainer[]): Promise<void> {
  for (const node of nodes) await until(node, ['INFO', 'replication'], /role:master|master_link_status:up/u);
}

/** Asks until the answer fits. */
async function until(
  node: StartedTestContainer,
  command: readonly string[],
  fitting: RegExp,
  port = PORT,
): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (fitting.test(String(await tellOne(addressOf(node, port), command)))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${command.join(' ')}: the answer never was ${fitting.source}`);
}

interface ServerAddress {
  readonly url: string;
  readonly password?: string;
}

/** Sends a command to one server, over a connection of its own. */
async function tellOne(address: ServerAddress, command: readonly string[]): Promise<unknown> {
  const tls = address.url.startsWith('rediss:');
  const client = createClient({
    ...address,
    // What is checked is that the store checks certificates, not that this does.
    ...(tls ? { socket: { tls: true, rejectUnauthorized: false } } : {}),
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.sendCommand([...command]);
  } finally {
    client.destroy();
  }
}

function addressOf(container: StartedTestContainer, port = PORT): ServerAddress {
  return { url: `redis://${ipOf(container)}:${port}` };
}

function ipOf(container: StartedTestContainer): string {
  return container.getIpAddress('bridge');
}

async function kill(container: StartedTestContainer): Promise<() => Promise<void>> {
  const { container: engine } = await getContainerRuntimeClient();
  const killed = engine.getById(container.getId());
  await killed.kill({ signal: 'SIGKILL' });
  return async () => {
    await killed.start();
  };
}

async function freeze(container: StartedTestContainer): Promise<() => Promise<void>> {
  const { container: engine } = await getContainerRuntimeClient();
  const frozen = engine.getById(container.getId());
  await frozen.pause();
  return async () => {
    await frozen.unpause();
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
