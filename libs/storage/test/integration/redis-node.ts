/**
 * Single servers in containers: how they are started, asked, killed and frozen.
 *
 * @module
 */
import { createClient } from 'redis';
import { GenericContainer, Wait, getContainerRuntimeClient } from 'testcontainers';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';

export const IMAGE = 'redis:7-bookworm';
export const PORT = 6379;

/** A server in a network. */
export interface Node {
  readonly container: StartedTestContainer;
  readonly ip: string;
  readonly port: number;
}

/** Where a server is, and what it asks for. */
export interface ServerAddress {
  readonly url: string;
  readonly password?: string;
}

/** Starts servers that are alike. */
export function startAll(network: StartedNetwork, count: number, command: string[]): Promise<Node[]> {
  return Promise.all(
    Array.from({ length: count }, async () =>
      toNode(
        network,
        await new GenericContainer(IMAGE)
          .withNetwork(network)
          .withCommand(command)
          .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
          .start(),
      ),
    ),
  );
}

/** Finds the address of a container in its network. */
export function toNode(network: StartedNetwork, container: StartedTestContainer, port = PORT): Node {
  return { container, ip: container.getIpAddress(network.getName()), port };
}

/** Waits until a replica has all of its master. */
export async function untilReplicated(node: Node): Promise<void> {
  await until(node, ['INFO', 'replication'], /role:master|master_link_status:up/u);
}

/** Asks until the answer fits. */
export async function until(node: Node, command: readonly string[], fitting: RegExp): Promise<void> {
  await untilTrue(async () => {
    // While it loads its files a server refuses to answer.
    const answer = await tellOne(addressOf(node), command).catch(() => '');
    return fitting.test(String(answer));
  });
}

/** Looks until it is so; the test's own time limit ends it otherwise. */
export async function untilTrue(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

type Connection = ReturnType<typeof connectionTo>;

/** Connections that are open, by address. */
const open = new Map<string, Connection>();

/** Sends a command to one server; fails when it cannot be reached. */
export async function tellOne(address: ServerAddress, command: readonly string[]): Promise<unknown> {
  const client = open.get(address.url) ?? connectionTo(address);
  open.set(address.url, client);
  try {
    if (!client.isOpen) await client.connect();
    return await client.sendCommand([...command]);
  } catch (error) {
    if (!client.isReady) hangUp(address);
    throw error;
  }
}

/** Ends the connection to a server, if there is one. */
export function hangUp({ url }: ServerAddress): void {
  open.get(url)?.destroy();
  open.delete(url);
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- node-redis gives its types no shorter names
function connectionTo(address: ServerAddress) {
  const client = createClient({
    ...address,
    socket: {
      reconnectStrategy: false,
      // What is checked is that the store checks certificates, not that this does.
      ...(address.url.startsWith('rediss:') ? { tls: true, rejectUnauthorized: false } : {}),
    },
    disableOfflineQueue: true,
  });
  client.on('error', () => {});
  return client;
}

/** Names the address of a node. */
export function addressOf({ ip, port }: Node): ServerAddress {
  return { url: `redis://${ip}:${port}` };
}

/** Ends a container with SIGKILL, and gives what starts it again. */
export async function kill(container: StartedTestContainer): Promise<() => Promise<void>> {
  const { container: engine } = await getContainerRuntimeClient();
  const killed = engine.getById(container.getId());
  await killed.kill({ signal: 'SIGKILL' });
  return async () => {
    await killed.start();
  };
}

/** Freezes a container, and gives what thaws it. */
export async function freeze(container: StartedTestContainer): Promise<() => Promise<void>> {
  const { container: engine } = await getContainerRuntimeClient();
  const frozen = engine.getById(container.getId());
  await frozen.pause();
  return async () => {
    await frozen.unpause();
  };
}
