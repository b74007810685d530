/**
 * A connection that is made again whenever it breaks.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { Client } from './client.ts';
import { inTime } from './in-time.ts';
import type { Argument } from './script.ts';

/** What a link is made of. */
export interface LinkOptions {
  /** Makes a connection; is asked again for each new one, because a master may have another address by then. */
  readonly open: (onBroken: () => void) => Promise<Client>;
  readonly timeoutMs: number;
  /** Is told of every new connection. */
  readonly onUp?: (client: Client) => void;
  /** Is told that a connection broke, and of every attempt in vain. */
  readonly onDown?: () => void;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** Keeps one connection open, as far as it can be had. */
export class Link {
  readonly #options: LinkOptions;
  readonly #firstUp: Promise<void>;
  #announceFirstUp: () => void = () => {};
  #client: Client | undefined;
  #lastFailure: unknown;
  #lastReplyMs = 0;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#firstUp = new Promise((resolve) => {
      this.#announceFirstUp = resolve;
    });
    void this.#connect(0);
  }

  get isUp(): boolean {
    return this.#client !== undefined;
  }

  /** Waits for the first connection. @throws StorageError UNAVAILABLE with what was wrong last */
  async up(): Promise<void> {
    try {
      await inTime(this.#firstUp, this.#options.timeoutMs);
    } catch (error) {
      throw this.#lastFailure === undefined ? error : this.#away();
    }
  }

  /** Sends a command; fails at once without a connection. Commands of one turn go over one connection, in their order. */
  async send(command: readonly Argument[]): Promise<unknown> {
    if (this.#client === undefined) throw this.#away();
    try {
      return await this.#client.send(command);
    } finally {
      this.#lastReplyMs = performance.now();
    }
  }

  /** Drops the connection if nothing was heard over it since then: whoever hangs may do so for ever. */
  suspect(sinceMs: number): void {
    if (this.#lastReplyMs < sinceMs) this.drop();
  }

  /** Drops the connection for a new one; what is under way over it fails. */
  drop(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    client.destroy();
    this.#again(0);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #connect(attempt: number): Promise<void> {
    try {
      let client: Client | undefined;
      client = await this.#options.open(() => {
        if (client !== undefined && this.#client === client) this.drop();
      });
      this.#keep(client);
    } catch (error) {
      this.#lastFailure = error;
      this.#again(attempt + 1);
    }
  }

  #keep(client: Client): void {
    if (this.#closed) return client.destroy();
    this.#client = client;
    this.#lastFailure = undefined;
    this.#lastReplyMs = performance.now();
    this.#announceFirstUp();
    this.#options.onUp?.(client);
  }

  #again(attempt: number): void {
    if (this.#closed) return;
    this.#options.onDown?.();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    // Not all processes at the same moment.
    this.#pause = setTimeout(() => void this.#connect(attempt), pause * (0.5 + Math.random()));
    this.#pause.unref();
  }

  #away(): StorageError {
    const why = this.#closed ? 'the connection to Redis was closed' : 'there is no connection to Redis';
    return new StorageError('UNAVAILABLE', why, { cause: this.#lastFailure });
  }
}
