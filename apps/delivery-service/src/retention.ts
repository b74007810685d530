/**
 * Removes what is older or more than is kept, a little at a time. Several replicas may do it at once.
 *
 * @module
 */
import type { Clock, Logger } from '@canopy/service';
import type { GroupLog, Mailbox, MailboxRetention } from '@canopy/storage';

/** What is kept, and how often the rest is removed. */
export interface RetentionOptions {
  readonly groupLog: Pick<GroupLog, 'prune'>;
  readonly mailbox: Pick<Mailbox, 'prune'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxAgeMs: number;
  readonly maxEntries: number;
  readonly intervalMs: number;
}

/** What one step removes at most: few enough that requests hardly wait for it. */
const BUDGET = 1_000;

/** Removes entries on a timer. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Removes now, and from now on regularly. */
  start(): void {
    this.#timer = setInterval(() => void this.prune(), this.#options.intervalMs).unref();
    void this.prune();
  }

  /** Removes all that is not to be kept now; shares the work with whoever has begun it. */
  prune(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Stops after the step under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { groupLog, mailbox, clock, maxAgeMs, maxEntries } = this.#options;
    const limits = (): MailboxRetention => ({ nowMs: Math.floor(clock.now()), maxAgeMs, budget: BUDGET });
    await this.#removeAll('entries-removed', () => groupLog.prune({ ...limits(), maxEntries }));
    await this.#removeAll('mailbox-entries-removed', () => mailbox.prune(limits()));
  }

  /** Removes until there is nothing more to remove, and says how much it was. */
  async #removeAll(event: string, remove: () => Promise<number>): Promise<void> {
    const { log } = this.#options;
    let removed = BUDGET;
    let total = 0;
    try {
      while (removed >= BUDGET && !this.#end.signal.aborted) {
        removed = await remove();
        total += removed;
        // Whoever waits for the event loop comes first.
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (total > 0) log.info({ event, entries: total });
    } catch (error) {
      // What is too old now is still there at the next look.
      log.warn({ event: 'retention-failed', err: error });
    }
  }
}
