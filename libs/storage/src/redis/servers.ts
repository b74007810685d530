/**
 * The servers that hold the data: which of them a key belongs to.
 *
 * @module
 */
import type { RedisAccess } from './access.ts';
import type { Client } from './client.ts';
import { Link } from './link.ts';
import { RedisServer } from './server.ts';
import { Subscriber } from './subscriber.ts';

/** All servers that take writes. */
export interface Servers {
  /** Finds the server of a key; undefined while none is known. */
  serverOf(key: string): RedisServer | undefined;
  /** Finds where a sharded channel is followed; undefined while no server is known. */
  subscriberOf(channel: string): Subscriber | undefined;
  /** Finds a server by the address in a redirection. */
  serverAt(address: string): RedisServer | undefined;
  all(): readonly RedisServer[];
  /** Finds out anew who serves what. */
  refresh(): Promise<void>;
  close(): void;
}

/** What a process knows about its servers' changes. */
export interface ServerEvents {
  /** Is called when something was, or may have been, published on a channel. */
  readonly wake: (channel: string) => void;
  /** Is called when channels may have moved to other servers. */
  readonly onMoved: () => void;
}

/** One server: commands go over one connection, what it publishes comes over another. */
export interface ServerNode {
  readonly server: RedisServer;
  readonly subscriber: Subscriber;
  /** Waits for the first connection. @throws StorageError UNAVAILABLE */
  up(): Promise<void>;
  close(): void;
}

/** Opens a node; `onDown` is told of every loss of its connection and of every attempt in vain. */
export function openNode(
  open: (onBroken?: () => void) => Promise<Client>,
  access: RedisAccess,
  events: {
    readonly wake: (channel: string) => void;
    readonly onRefused: () => void;
    readonly onDown: () => void;
  },
): ServerNode {
  const { timeoutMs } = access;
  const { wake, onRefused, onDown } = events;
  const subscriber = new Subscriber({ open, timeoutMs, wake, onRefused });
  const link = new Link({ open, timeoutMs, onDown, onUp: () => subscriber.renew() });
  const server = new RedisServer(link, access);
  return {
    server,
    subscriber,
    up: () => link.up(),
    close: () => {
      server.close();
      subscriber.close();
    },
  };
}
