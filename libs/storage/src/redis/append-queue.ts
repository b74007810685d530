/**
 * Messages on their way into group logs: those of one group go together, one script call after the other.
 *
 * @module
 */
import type { AppendOutcome, NewMessage } from '../group-log.ts';

/** Appends messages of one group, in their order. */
export type AppendBatch = (messages: readonly NewMessage[]) => Promise<readonly AppendOutcome[]>;

/** How many messages, and how many bytes of them, go into one script call; a single message may be larger. */
const BATCH_MESSAGES = 256;
const BATCH_BYTES = 1024 * 1024;

interface Waiting {
  readonly message: NewMessage;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects what is offered while an earlier call is under way, and in one turn of the event loop. A failure also fails what
 * waits behind it: that was not sent, and would only wait for the next failure.
 */
export class AppendQueue {
  readonly #append: AppendBatch;
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(append: AppendBatch) {
    this.#append = append;
  }

  /** Puts a message in its group's queue. */
  add(message: NewMessage): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const group = Buffer.from(message.groupId).toString('latin1');
      const queue = this.#waiting.get(group);
      if (queue !== undefined) {
        queue.push({ message, resolve, reject });
        return;
      }
      const begun = [{ message, resolve, reject }];
      this.#waiting.set(group, begun);
      setImmediate(() => void this.#run(group, begun));
    });
  }

  async #run(group: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, batchSize(queue));
      try {
        const outcomes = await this.#append(batch.map(({ message }) => message));
        batch.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i];
          if (outcome === undefined) reject(new Error('a message without an outcome'));
          else resolve(outcome);
        });
      } catch (error) {
        for (const { reject } of [...batch, ...queue.splice(0)]) reject(error);
      }
    }
    this.#waiting.delete(group);
  }
}

function batchSize(queue: readonly Waiting[]): number {
  let bytes = 0;
  const end = queue.findIndex(({ message }, i) => {
    bytes += message.message.length;
    return i > 0 && (i >= BATCH_MESSAGES || bytes > BATCH_BYTES);
  });
  return end === -1 ? queue.length : end;
}
