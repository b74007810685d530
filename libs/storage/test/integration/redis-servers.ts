/**
 * Redis in containers, with the faults that tests make: single, a Cluster of three masters and three replicas, Sentinel.
 * Cluster and Sentinel have a network of their own and are reached at the addresses of their containers: when one is gone, what
 * another test starts must not get its address, or they would take it for theirs.
 *
 * @module
 */
import { createServer } from 'node:net';
import { GenericContainer, Network, Wait } from 'testcontainers';
import type { StartedNetwork } from 'testcontainers';
import {
  IMAGE,
  PORT,
  addressOf,
  freeze,
  hangUp,
  kill,
  startAll,
  tellOne,
  toNode,
  until,
  untilReplicated,
  untilTrue,
} from './redis-node.ts';
import type { Node } from './redis-node.ts';

/** Some servers that work together, started for a test. */
export interface RedisServers {
  /** Where a store is pointed to: the server, the nodes of the cluster, or the Sentinels. */
  readonly urls: readonly string[];
  /** Deletes all data. */
  flush(): Promise<void>;
  /** Ends a master with SIGKILL, and gives what starts it again, with what its files have. */
  killMaster(): Promise<() => Promise<void>>;
  /** Ends a master with SIGKILL, waits until a replica has taken over, and starts the old one again. */
  failOver(): Promise<void>;
  /** Freezes a master, and gives what thaws it. */
  freeze(): Promise<() => Promise<void>>;
  /** Freezes all replicas, and gives what thaws them. */
  freezeReplicas(): Promise<() => Promise<void>>;
  /** Sends a command to every master. */
  tell(...command: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster, whose slots can be moved. */
export interface RedisCluster extends RedisServers {
  /** Moves so many slots from the other masters to the first node, with what is in them. */
  reshard(slots: number): Promise<void>;
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
    failOver: () => Promise.reject(new Error('a single server has no replica')),
    freeze: () => freeze(container),
    freezeReplicas: () => Promise.resolve(async () => {}),
    tell: (...command) => tellOne(address, command).then(() => {}),
    stop: () => {
      hangUp(address);
      return container.stop({ timeout: 0 }).then(() => {});
    },
  };
}

/** Starts a Cluster: three masters, each with a replica. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const network = await new Network().start();
  const nodes = await startAll(network, 6, [
    'redis-server',
    ...COMMON,
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    String(DOWN_AFTER_MS),
    '--cluster-replica-validity-factor',
    '0',
  ]);
  const addresses = nodes.map(({ ip }) => `${ip}:${PORT}`);
  const [first] = nodes;
  if (first === undefined) throw new Error('no node');
  const manage = async (...command: string[]): Promise<void> => {
    const { exitCode, output } = await first.container.exec(['redis-cli', '--cluster', ...command]);
    if (exitCode !== 0) throw new Error(`redis-cli --cluster ${command.join(' ')}: ${output}`);
  };
  await manage('create', ...addresses, '--cluster-replicas', '1', '--cluster-yes');
  for (const node of nodes) await until(node, ['CLUSTER', 'INFO'], /cluster_state:ok/u);
  for (const node of nodes) await untilReplicated(node);
  const servers = severalServers(
    { network, servers: nodes, others: [] },
    addresses.map((address) => `redis://${address}`),
  );
  return {
    ...servers,
    reshard: async (slots) => {
      const id = String(await tellOne(addressOf(first), ['CLUSTER', 'MYID']));
      const move = ['--cluster-from', 'all', '--cluster-to', id, '--cluster-slots', String(slots)];
      await manage('reshard', `${first.ip}:${PORT}`, ...move, '--cluster-yes');
    },
  };
}

/** Starts a master with two replicas, and three Sentinels that watch over them. */
export async function startSentinel(): Promise<RedisServers> {
  const network = await new Network().start();
  const [master] = await startAll(network, 1, ['redis-server', ...COMMON]);
  if (master === undefined) throw new Error('no master');
  const replicas = await startAll(network, 2, [
    'redis-server',
    ...COMMON,
    '--replicaof',
    master.ip,
    String(PORT),
  ]);
  for (const replica of replicas) await untilReplicated(replica);
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startOneSentinel(network, master.ip)));
  for (const sentinel of sentinels) await until(sentinel, ['INFO', 'sentinel'], /slaves=2,sentinels=3/u);
  return severalServers(
    { network, servers: [master, ...replicas], others: sentinels },
    sentinels.map(({ ip, port }) => `redis://${ip}:${port}`),
  );
}

interface Assembly {
  readonly network: StartedNetwork;
  /** Those that hold data. */
  readonly servers: readonly Node[];
  readonly others: readonly Node[];
}

function severalServers({ network, servers, others }: Assembly, urls: readonly string[]): RedisServers {
  // Dead or frozen: they answer nothing.
  const away = new Set<Node>();
  const masters = async (): Promise<readonly Node[]> => {
    const alive = servers.filter((server) => !away.has(server));
    const roles = await Promise.all(alive.map((server) => tellOne(addressOf(server), ['ROLE'])));
    return alive.filter((_, i) => String([roles[i]].flat()[0]) === 'master');
  };
  const oneMaster = async (): Promise<Node> => {
    const [master] = await masters();
    if (master === undefined) throw new Error('there is no master');
    return master;
  };
  const killOne = async (server: Node): Promise<() => Promise<void>> => {
    away.add(server);
    const revive = await kill(server.container);
    return async () => {
      await revive();
      away.delete(server);
    };
  };
  const freezeOne = async (server: Node): Promise<() => Promise<void>> => {
    away.add(server);
    const thaw = await freeze(server.container);
    return async () => {
      await thaw();
      away.delete(server);
    };
  };
  const tell = async (...command: readonly string[]): Promise<void> => {
    await Promise.all((await masters()).map((master) => tellOne(addressOf(master), command)));
  };
  return {
    urls,
    tell,
    flush: () => tell('FLUSHALL'),
    killMaster: async () => killOne(await oneMaster()),
    failOver: async () => {
      const before = await masters();
      const master = await oneMaster();
      const revive = await killOne(master);
      await untilTrue(async () => (await masters()).length === before.length);
      await revive();
      await until(master, ['INFO', 'replication'], /master_link_status:up/u);
    },
    freeze: async () => freezeOne(await oneMaster()),
    freezeReplicas: async () => {
      const leading = new Set(await masters());
      const thaws = await Promise.all(
        servers.filter((server) => !away.has(server) && !leading.has(server)).map(freezeOne),
      );
      return async () => {
        await Promise.all(thaws.map((thaw) => thaw()));
      };
    },
    stop: async () => {
      for (const node of [...servers, ...others]) hangUp(addressOf(node));
      await Promise.all([...servers, ...others].map(({ container }) => container.stop({ timeout: 0 })));
      await network.stop();
    },
  };
}

async function startOneSentinel(network: StartedNetwork, master: string): Promise<Node> {
  const content = [
    `port ${SENTINEL_PORT}`,
    'protected-mode no',
    `sentinel monitor ${SENTINEL_NAME} ${master} ${PORT} 2`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${SENTINEL_NAME} 3000`,
    '',
  ].join('\n');
  const container = await new GenericContainer(IMAGE)
    .withNetwork(network)
    // It writes its file anew, as the user that the image runs it as.
    .withCopyContentToContainer([{ target: '/data/sentinel.conf', content, mode: 0o666 }])
    .withCommand(['redis-server', '/data/sentinel.conf', '--sentinel'])
    .withWaitStrategy(Wait.forLogMessage(/\+monitor master/u))
    .start();
  return toNode(network, container, SENTINEL_PORT);
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
