/**
 * One server that commands are sent to, and the replicas behind it that must have what they write.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { RedisAccess } from './access.ts';
import { toUnavailable } from './in-time.ts';
import type { Link } from './link.ts';
import type { Argument } from './script.ts';
import { hashTag } from './slots.ts';

/** A command that waits for its turn. */
interface Held {
  readonly command: readonly Argument[];
  /** The key that decides the slot of the command. */
  readonly key: string;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How many commands travel together. */
const BATCH = 512;
const FENCE_MS = 10_000;

/**
 * Sends commands. With replicas to wait for, those that come together travel together, followed by one WAIT, and no answer
 * is given before the replicas have everything up to it. That holds for reads and refusals too: what one reader has seen, or
 * what a refusal is founded on, must not vanish when a replica takes over.
 */
export class RedisServer {
  readonly #link: Link;
  readonly #replicas: number;
  readonly #waitMs: number;
  #held: Held[] = [];
  #busy = false;

  constructor(link: Link, access: Pick<RedisAccess, 'replicas' | 'timeoutMs'>) {
    this.#link = link;
    this.#replicas = access.replicas;
    // Less than the time of a step, so that a missing replica is told from a server that hangs.
    this.#waitMs = Math.max(1, Math.floor(access.timeoutMs / 2));
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /**
   * Sends a command whose first key is `key`.
   *
   * @throws StorageError UNAVAILABLE when there is no connection or too few replicas have answered; otherwise what the server says
   */
  send(command: readonly Argument[], key: string): Promise<unknown> {
    if (this.#replicas === 0) return this.#link.send(command);
    return new Promise((resolve, reject) => {
      this.#held.push({ command, key, resolve, reject });
      if (!this.#busy) {
        this.#busy = true;
        queueMicrotask(() => void this.#flush());
      }
    });
  }

  /** Sends a command to a server to which the slot is being moved; see ASK in the protocol of the cluster. */
  async sendAsked(command: readonly Argument[], key: string): Promise<unknown> {
    const asking = this.#link.send(['ASKING']);
    const [, reply] = await Promise.all([asking, this.#link.send(command)]);
    if (this.#replicas > 0) await this.#confirm(key, true);
    return reply;
  }

  /** Asks the server itself something that no replica need know. */
  ask(command: readonly Argument[]): Promise<unknown> {
    return this.#link.send(command);
  }

  /** See {@link Link.suspect}. */
  suspect(sinceMs: number): void {
    this.#link.suspect(sinceMs);
  }

  /** Drops the connection: the server has said that it is not what it should be. */
  drop(): void {
    this.#link.drop();
  }

  close(): void {
    this.#link.close();
  }

  async #flush(): Promise<void> {
    while (this.#held.length > 0) {
      const batch = this.#held.splice(0, BATCH);
      // All in one turn: a WAIT over another connection would not wait for them.
      const replies = batch.map(({ command }) => this.#link.send(command));
      const confirmed = this.#confirm(batch[0]?.key ?? '', false);
      const results = await Promise.allSettled(replies);
      const failure = await confirmed.then(
        () => undefined,
        (error: unknown) => toUnavailable(error),
      );
      results.forEach((result, i) => settle(batch[i], result, failure));
    }
    this.#busy = false;
  }

  /** Waits until the replicas have everything that was sent before. */
  async #confirm(key: string, asking: boolean): Promise<void> {
    // WAIT is about the last write of this connection. Without a write of its own, a batch that only reads, or only repeats
    // what an earlier connection wrote, would not wait for anything.
    const fence = ['SET', `canopy:fence:{${hashTag(key)}}`, '', 'PX', String(FENCE_MS)];
    const sent = [
      ...(asking ? [this.#link.send(['ASKING'])] : []),
      this.#link.send(fence),
      this.#link.send(['WAIT', String(this.#replicas), String(this.#waitMs)]),
    ];
    const reached = (await Promise.all(sent)).at(-1);
    if (typeof reached !== 'number' || reached < this.#replicas)
      throw new StorageError(
        'UNAVAILABLE',
        `${String(reached)} of ${this.#replicas} replicas answered in ${this.#waitMs} ms`,
      );
  }
}

function settle(
  held: Held | undefined,
  result: PromiseSettledResult<unknown>,
  failure: StorageError | undefined,
): void {
  if (result.status === 'rejected') held?.reject(result.reason);
  else if (failure !== undefined) held?.reject(failure);
  else held?.resolve(result.value);
}
