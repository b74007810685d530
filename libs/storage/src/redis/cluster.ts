/**
 * A Redis Cluster: which server has which slots, and who takes over.
 *
 * node-redis has a client for clusters, but it hides the connections, and WAIT counts only what its own connection wrote.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import { toAddress } from './access.ts';
import type { Address, RedisTarget } from './access.ts';
import { openClient } from './client.ts';
import { inTime } from './in-time.ts';
import type { RedisServer } from './server.ts';
import { openNode } from './servers.ts';
import type { ServerEvents, ServerNode, Servers } from './servers.ts';
import { SLOTS, slotOf } from './slots.ts';
import type { Subscriber } from './subscriber.ts';

type ClusterTarget = Extract<RedisTarget, { store: 'redis-cluster' }>;

/** A run of slots and the master that has them. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: Address;
}

/** Between two looks at who serves what, while a server is away. */
const LOOK_AGAIN_MS = 200;

/** Connects to a cluster through any of its nodes. @throws StorageError UNAVAILABLE */
export async function connectCluster(target: ClusterTarget, events: ServerEvents): Promise<Servers> {
  const cluster = new Cluster(target, events);
  try {
    await inTime(cluster.start(), target.timeoutMs);
    return cluster;
  } catch (error) {
    cluster.close();
    throw error;
  }
}

class Cluster implements Servers {
  readonly #target: ClusterTarget;
  readonly #events: ServerEvents;
  readonly #nodes = new Map<string, ServerNode>();
  #owners: readonly (ServerNode | undefined)[] = [];
  #looking: Promise<void> | undefined;
  #lookAgain: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: ClusterTarget, events: ServerEvents) {
    this.#target = target;
    this.#events = events;
  }

  async start(): Promise<void> {
    await this.refresh();
    await Promise.all([...this.#nodes.values()].map((node) => node.up()));
  }

  serverOf(key: string): RedisServer | undefined {
    const node = this.#owners[slotOf(key)];
    if (node === undefined) this.#lookSoon();
    return node?.server;
  }

  subscriberOf(channel: string): Subscriber | undefined {
    return this.#owners[slotOf(channel)]?.subscriber;
  }

  serverAt(address: string): RedisServer | undefined {
    return this.#nodes.get(address)?.server;
  }

  all(): readonly RedisServer[] {
    return [...this.#nodes.values()].map(({ server }) => server);
  }

  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#lookAgain);
    for (const node of this.#nodes.values()) node.close();
  }

  async #look(): Promise<void> {
    const ranges = await this.#askForSlots();
    if (this.#closed) return;
    const owners = Array.from<ServerNode | undefined>({ length: SLOTS });
    const kept = new Set<string>();
    for (const { first, last, master } of ranges) {
      kept.add(nameOf(master));
      owners.fill(this.#nodeAt(master), first, last + 1);
    }
    this.#owners = owners;
    for (const [name, node] of this.#nodes) if (!kept.has(name)) this.#forget(name, node);
    this.#events.onMoved();
    if (!this.#isWhole()) this.#lookSoon();
  }

  /** Asks the servers that are known, then the addresses that the process was started with. */
  async #askForSlots(): Promise<readonly SlotRange[]> {
    const { urls, timeoutMs } = this.#target;
    const questions = [
      ...[...this.#nodes]
        .filter(([, { server }]) => server.isUp)
        .map(
          ([name, { server }]) =>
            () =>
              this.#slotsFrom((command) => server.ask(command), toHost(name)),
        ),
      ...urls.map((url) => () => this.#slotsFromSeed(toAddress(url))),
    ];
    let failure: unknown;
    for (const question of questions)
      try {
        return await inTime(question(), Math.min(1000, timeoutMs));
      } catch (error) {
        failure = error;
      }
    throw new StorageError('UNAVAILABLE', 'no node of the cluster answers', { cause: failure });
  }

  async #slotsFromSeed(seed: Address): Promise<readonly SlotRange[]> {
    const client = await openClient(seed, {
      ...this.#target,
      timeoutMs: Math.min(1000, this.#target.timeoutMs),
    });
    try {
      return await this.#slotsFrom((command) => client.send(command), seed.host);
    } finally {
      client.destroy();
    }
  }

  async #slotsFrom(
    ask: (command: readonly string[]) => Promise<unknown>,
    askedHost: string,
  ): Promise<readonly SlotRange[]> {
    const tls = this.#target.urls.some((url) => toAddress(url).tls);
    const ranges = toSlotRanges(await ask(['CLUSTER', 'SLOTS']), askedHost, tls);
    if (ranges.length === 0) throw new StorageError('UNAVAILABLE', 'this node knows no masters');
    return ranges;
  }

  #nodeAt(address: Address): ServerNode {
    const name = nameOf(address);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = openNode((onBroken) => openClient(address, this.#target, onBroken), this.#target, {
      wake: this.#events.wake,
      onRefused: () => this.#lookSoon(),
      onDown: () => this.#lookSoon(),
    });
    this.#nodes.set(name, node);
    return node;
  }

  #forget(name: string, node: ServerNode): void {
    this.#nodes.delete(name);
    node.close();
  }

  #isWhole(): boolean {
    return this.#owners.length === SLOTS && this.#owners.every((node) => node?.server.isUp === true);
  }

  /** Looks again and again until every slot has a server that answers. */
  #lookSoon(): void {
    if (this.#closed || this.#lookAgain !== undefined) return;
    this.#lookAgain = setTimeout(() => {
      this.#lookAgain = undefined;
      this.refresh().catch(() => this.#lookSoon());
    }, LOOK_AGAIN_MS);
    this.#lookAgain.unref();
  }
}

/** Reads the answer to CLUSTER SLOTS: for each run of slots its bounds, its master and its replicas. */
function toSlotRanges(reply: unknown, askedHost: string, tls: boolean): readonly SlotRange[] {
  if (!Array.isArray(reply)) throw new StorageError('UNAVAILABLE', 'this server is not a node of a cluster');
  return reply.map((range: unknown): SlotRange => {
    const [first, last, master]: readonly unknown[] = Array.isArray(range) ? range : [];
    const [host, port]: readonly unknown[] = Array.isArray(master) ? master : [];
    if (!isSlot(first) || !isSlot(last) || typeof port !== 'number')
      throw new StorageError('CORRUPT', 'CLUSTER SLOTS answers with something else than it should');
    // A node that does not know its own address leaves it out: it is where it was asked.
    const known = host instanceof Uint8Array && host.length > 0 && String(host) !== '?';
    return { first, last, master: { host: known ? String(host) : askedHost, port, tls } };
  });
}

function isSlot(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < SLOTS;
}

function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

function toHost(name: string): string {
  return name.slice(0, name.lastIndexOf(':'));
}
