/**
 * One server that holds everything: a single Redis, or the master that Sentinels name.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import { toAddress } from './access.ts';
import type { Address, RedisTarget } from './access.ts';
import { openClient } from './client.ts';
import type { Client } from './client.ts';
import { openNode } from './servers.ts';
import type { ServerEvents, Servers } from './servers.ts';

type OneServer = Exclude<RedisTarget, { store: 'redis-cluster' }>;

/** Connects to a single Redis or to the master behind Sentinels. @throws StorageError UNAVAILABLE */
export async function connectOneServer(target: OneServer, events: ServerEvents): Promise<Servers> {
  const node = openNode((onBroken) => openMaster(target, onBroken), target, {
    wake: events.wake,
    onRefused: () => {},
    onDown: () => {},
  });
  try {
    await node.up();
  } catch (error) {
    node.close();
    throw error;
  }
  return {
    serverOf: () => node.server,
    subscriberOf: () => node.subscriber,
    serverAt: () => undefined,
    all: () => [node.server],
    refresh: async () => {},
    close: () => node.close(),
  };
}

function openMaster(target: OneServer, onBroken?: () => void): Promise<Client> {
  if (target.store === 'redis') return openClient(toAddress(target.url), target, onBroken);
  return openNamedMaster(target, onBroken);
}

type Sentinels = Extract<RedisTarget, { store: 'redis-sentinel' }>;

async function openNamedMaster(target: Sentinels, onBroken?: () => void): Promise<Client> {
  const client = await openClient(await findMaster(target), target, onBroken);
  const role = await client.send(['ROLE']).then(firstText, () => 'unknown');
  if (role === 'master') return client;
  // The Sentinel that was asked has not heard of the change yet.
  client.destroy();
  throw new StorageError('UNAVAILABLE', 'the server that the Sentinels name is not a master');
}

/** Asks all Sentinels at once and takes the first one's word; whether it is still true the server itself says. */
async function findMaster(target: Sentinels): Promise<Address> {
  try {
    return await Promise.any(target.urls.map((url) => askSentinel(url, target)));
  } catch (cause) {
    throw new StorageError('UNAVAILABLE', 'no Sentinel names a master', { cause });
  }
}

async function askSentinel(url: string, target: Sentinels): Promise<Address> {
  const { name, password, ca, timeoutMs, sentinelName } = target;
  const address = toAddress(url);
  const client = await openClient(address, {
    name,
    timeoutMs,
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
  });
  const timer = setTimeout(() => client.destroy(), timeoutMs);
  try {
    const reply = await client.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinelName]);
    if (!Array.isArray(reply)) throw new Error('this Sentinel does not know a master of that name');
    const [host, port]: readonly unknown[] = reply;
    return { host: String(host), port: Number(String(port)), tls: address.tls };
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}

function firstText(reply: unknown): string {
  return Array.isArray(reply) ? String(reply[0]) : '';
}
