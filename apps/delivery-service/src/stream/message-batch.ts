/**
 * The messages of a stream on their way to the log: what waits while the log is busy goes in one step, in its order.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises';
import type { AppendOutcome, GroupLog, NewMessage } from '@canopy/storage';

/** What a step is made of at most, unless more waits already. */
const ENOUGH = 512;
const MAX_TURNS = 8;

interface Waiting {
  readonly message: NewMessage;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends messages in batches, one after the other. What waits is bounded by whoever hands the messages in. After a batch
 * that the log could not answer nothing more is appended: the sender repeats all of it, in its order.
 */
export class MessageBatch {
  readonly #groupLog: Pick<GroupLog, 'appendMessages'>;
  #waiting: Waiting[] = [];
  #isBusy = false;
  #failure: { readonly error: unknown } | undefined;
  #newest: Promise<unknown> = Promise.resolve();

  constructor(groupLog: Pick<GroupLog, 'appendMessages'>) {
    this.#groupLog = groupLog;
  }

  /** Hands a message in, after all that was handed in before; resolves when it is durable. Rejects when the log cannot answer. */
  append(message: NewMessage): Promise<AppendOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome>();
    this.#waiting.push({ message, resolve, reject });
    this.#newest = promise;
    if (!this.#isBusy) {
      this.#isBusy = true;
      void this.#appendAll();
    }
    return promise;
  }

  /** Waits until all that was handed in so far has its outcome, whatever that is. */
  async settled(): Promise<void> {
    await this.#newest.then(
      () => undefined,
      () => undefined,
    );
  }

  async #appendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#append(batch);
    }
    this.#isBusy = false;
  }

  /** Waits as long as every turn of the event loop brings more: a step costs more than many turns. */
  async #gather(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS && this.#waiting.length < ENOUGH; turn += 1) {
      const before = this.#waiting.length;
      await setImmediate();
      if (this.#waiting.length === before) return;
    }
  }

  async #append(batch: readonly Waiting[]): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure.error;
      const outcomes = await this.#groupLog.appendMessages(batch.map(({ message }) => message));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new TypeError('the log answers every message'));
        else resolve(outcome);
      }
    } catch (error) {
      this.#failure ??= { error };
      for (const { reject } of batch) reject(error);
    }
  }
}
