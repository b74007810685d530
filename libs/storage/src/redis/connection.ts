/**
 * Redis as the stores use it: atomic steps, and wake-ups.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { RedisTarget } from './access.ts';
import { connectCluster } from './cluster.ts';
import { inTime } from './in-time.ts';
import { connectOneServer } from './one-server.ts';
import { byHash, bySource } from './script.ts';
import type { Argument, Script, ScriptCall } from './script.ts';
import type { RedisServer } from './server.ts';
import type { ServerEvents, Servers } from './servers.ts';
import { WakeUpCalls } from './wake-up-calls.ts';

/** What the stores need of Redis; strings in replies are bytes. */
export interface RedisConnection {
  /**
   * Runs a script, as one atomic step. Nothing is answered before as many replicas as are configured have what it wrote and
   * what it saw.
   *
   * @throws StorageError UNAVAILABLE: the step may have taken effect, or not
   */
  run(script: Script, call: ScriptCall): Promise<unknown>;
  /** Adds a member to a set that is kept in order of its members. */
  addSorted(key: string, member: Argument): Promise<void>;
  /** Reads the first members of such a set. */
  firstSorted(key: string, limit: number): Promise<readonly string[]>;
  /** Calls the listener after SPUBLISH on a channel. See {@link WakeUp}. */
  onPublish(channel: string, listener: WakeUp): Unsubscribe;
  /**
   * Whether a server answers now, with as many replicas as are configured. One of a cluster is enough: when another is away, a
   * service that said it cannot serve would be away for all groups.
   */
  isHealthy(): Promise<boolean>;
  close(): void;
}

/** Connects to Redis, of whatever kind. @throws StorageError UNAVAILABLE */
export async function connectRedis(target: RedisTarget): Promise<RedisConnection> {
  let calls: WakeUpCalls | undefined;
  const servers = await connectServers(target, {
    wake: (channel) => calls?.wake(channel),
    onMoved: () => calls?.placeAll(),
  });
  calls = new WakeUpCalls((channel) => servers.subscriberOf(channel));
  return new Connection(servers, calls, target.timeoutMs);
}

function connectServers(target: RedisTarget, events: ServerEvents): Promise<Servers> {
  return target.store === 'redis-cluster' ? connectCluster(target, events) : connectOneServer(target, events);
}

/** Masters are few; this many tries find a key of each. */
const HEALTH_KEYS = 10_000;

class Connection implements RedisConnection {
  readonly #servers: Servers;
  readonly #calls: WakeUpCalls;
  readonly #timeoutMs: number;

  constructor(servers: Servers, calls: WakeUpCalls, timeoutMs: number) {
    this.#servers = servers;
    this.#calls = calls;
    this.#timeoutMs = timeoutMs;
  }

  run(script: Script, call: ScriptCall): Promise<unknown> {
    const [key] = call.keys;
    if (key === undefined) throw new RangeError('a script without a key');
    return this.#step(key, async () => {
      try {
        return await this.#send(byHash(script, call), key);
      } catch (error) {
        // The node was restarted or is new, and has not seen the script.
        if (says(error, 'NOSCRIPT')) return await this.#send(bySource(script, call), key);
        throw error;
      }
    });
  }

  async addSorted(key: string, member: Argument): Promise<void> {
    await this.#step(key, () => this.#send(['ZADD', key, '0', member], key));
  }

  async firstSorted(key: string, limit: number): Promise<readonly string[]> {
    if (limit <= 0) return [];
    const reply = await this.#step(key, () => this.#send(['ZRANGE', key, '0', String(limit - 1)], key));
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  onPublish(channel: string, listener: WakeUp): Unsubscribe {
    return this.#calls.on(channel, listener);
  }

  async isHealthy(): Promise<boolean> {
    try {
      await Promise.any(
        this.#keyOfEach().map((key) => this.#step(key, () => this.#send(['EXISTS', key], key))),
      );
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#calls.close();
    this.#servers.close();
  }

  /** Finds a key for each server. */
  #keyOfEach(): readonly string[] {
    const keys = new Map<RedisServer, string>();
    const count = this.#servers.all().length;
    for (let n = 0; n < HEALTH_KEYS && keys.size < count; n++) {
      const key = `canopy:health:{${n}}`;
      const server = this.#servers.serverOf(key);
      if (server !== undefined) keys.set(server, key);
    }
    return [...keys.values()];
  }

  #step(key: string, step: () => Promise<unknown>): Promise<unknown> {
    const start = performance.now();
    return inTime(step(), this.#timeoutMs, () => this.#servers.serverOf(key)?.suspect(start));
  }

  #serverOf(key: string): RedisServer {
    const server = this.#servers.serverOf(key);
    if (server === undefined)
      throw new StorageError('UNAVAILABLE', 'no server is known to have this slot of the cluster');
    return server;
  }

  async #send(command: readonly Argument[], key: string): Promise<unknown> {
    const server = this.#serverOf(key);
    try {
      return await server.send(command, key);
    } catch (error) {
      if (says(error, 'MOVED')) return this.#sendAgain(command, key);
      if (says(error, 'ASK')) return this.#sendWhereAsked(command, key, error);
      // It was a master once: the one that is now has to be found.
      if (says(error, 'READONLY')) server.drop();
      throw error;
    }
  }

  async #sendAgain(command: readonly Argument[], key: string): Promise<unknown> {
    await this.#servers.refresh();
    return this.#serverOf(key).send(command, key);
  }

  /** The slot is being moved, and this key of it has gone already. */
  async #sendWhereAsked(command: readonly Argument[], key: string, error: Error): Promise<unknown> {
    const address = error.message.split(' ')[2] ?? '';
    if (this.#servers.serverAt(address) === undefined) await this.#servers.refresh();
    const server = this.#servers.serverAt(address);
    if (server === undefined) throw error;
    return server.sendAsked(command, key);
  }
}

/** Whether the server answered with this kind of error. */
function says(error: unknown, kind: string): error is Error {
  return error instanceof Error && error.message.startsWith(kind);
}
