/**
 * The sharded channels that are followed on one server, over a connection of their own.
 *
 * @module
 */
import type { WakeUp } from '../wake-up.ts';
import type { Client } from './client.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './link.ts';

/** What a subscriber is made of. */
export interface SubscriberOptions extends Pick<LinkOptions, 'open' | 'timeoutMs'> {
  /** Is called with a channel when something was published there, or may have been. */
  readonly wake: (channel: string) => void;
  /** Is called when the server refuses a channel: it is another server's now. */
  readonly onRefused: WakeUp;
}

const RETRY_MS = 500;

/** Follows channels, and follows them again on every new connection. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #wanted = new Set<string>();
  #link: Link | undefined;
  #client: Client | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** Follows a channel; the first one makes the connection. */
  want(channel: string): void {
    this.#wanted.add(channel);
    const { open, timeoutMs } = this.#options;
    const onDown = (): void => {
      this.#client = undefined;
    };
    this.#link ??= new Link({ open, timeoutMs, onUp: (client) => this.#followAll(client), onDown });
    if (this.#client !== undefined) void this.#follow(this.#client, channel);
  }

  /** Leaves a channel. */
  unwant(channel: string): void {
    // A failure means that the connection broke: the next one does not follow this channel.
    if (this.#wanted.delete(channel)) this.#client?.unsubscribe(channel).catch(() => {});
  }

  /** Makes a new connection: the server was away, and this one may be to its old self. */
  renew(): void {
    this.#link?.drop();
  }

  close(): void {
    this.#link?.close();
  }

  #followAll(client: Client): void {
    this.#client = client;
    client.onChannelGone((channel) => this.#followAgain(client, channel));
    for (const channel of this.#wanted) void this.#follow(client, channel);
  }

  async #follow(client: Client, channel: string): Promise<void> {
    try {
      await client.subscribe(channel, this.#options.wake);
      // What was published before is not heard of any more.
      this.#options.wake(channel);
    } catch {
      this.#followAgain(client, channel);
    }
  }

  /** Finds out who has the channel now, and tries here again in case that it is still this server. */
  #followAgain(client: Client, channel: string): void {
    if (this.#client !== client) return;
    this.#options.onRefused();
    const retry = setTimeout(() => {
      if (this.#client === client && this.#wanted.has(channel)) void this.#follow(client, channel);
    }, RETRY_MS);
    retry.unref();
  }
}
