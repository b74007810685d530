/**
 * One open connection to one server, by node-redis.
 *
 * @module
 */
import type { Address, RedisAccess } from './access.ts';
import type { Argument } from './script.ts';

/** An open connection; it does not come back when it breaks. */
export interface Client {
  /** Sends a command; strings in the reply are bytes. Commands of one turn travel together and keep their order. */
  send(command: readonly Argument[]): Promise<unknown>;
  /** Follows a sharded channel. */
  subscribe(channel: string, listener: (channel: string) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Is told of channels that the server no longer has: their slot was moved. */
  onChannelGone(listener: (channel: string) => void): void;
  /** Ends the connection; what is under way fails. */
  destroy(): void;
}

/** Makes a connection, or fails; `onBroken` is called once when it breaks later, not when it is destroyed. */
export async function openClient(
  address: Address,
  access: Omit<RedisAccess, 'replicas'>,
  onBroken: () => void = () => {},
): Promise<Client> {
  // Loaded only here: with SQLite alone a process starts without it.
  const { createClient, RESP_TYPES } = await import('redis');
  const { name, username, password, ca, timeoutMs } = access;
  const { host, port, tls } = address;
  const socket = { host, port, connectTimeout: timeoutMs, reconnectStrategy: false } as const;
  const client = createClient({
    socket: tls ? { ...socket, tls: true, ...(ca === undefined ? {} : { ca }) } : socket,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    name,
    // Without a connection a command fails at once: waiting in a queue is the caller's decision.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    maintNotifications: 'disabled',
  });
  // A failure shows in the commands; that the connection has ended is what this wants to know.
  client.on('error', () => {});
  await connectInTime(client, timeoutMs);
  client.once('terminated', onBroken);
  const commands = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    send: (command) => commands.sendCommand(command.map(toArgument)),
    subscribe: (channel, listener) => client.sSubscribe(channel, () => listener(channel)),
    unsubscribe: (channel) => client.sUnsubscribe(channel),
    onChannelGone: (listener) => {
      client.on('sharded-channel-moved', (channel: string) => listener(channel));
    },
    destroy: () => {
      client.off('terminated', onBroken);
      if (client.isOpen) client.destroy();
    },
  };
}

/** The client's own time limit ends with the TCP connection; a frozen server accepts one and says nothing. */
async function connectInTime(
  client: { connect(): Promise<unknown>; destroy(): void },
  timeoutMs: number,
): Promise<void> {
  const timer = setTimeout(() => client.destroy(), timeoutMs);
  try {
    await client.connect();
  } finally {
    clearTimeout(timer);
  }
}

function toArgument(argument: Argument): string | Buffer {
  if (typeof argument === 'string') return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}
