/**
 * Brings Welcomes from the logs of groups to the mailboxes of devices, each exactly once, however often it is tried. What one
 * mailbox cannot take now waits in its log, and keeps nothing else from being moved.
 *
 * @module
 */
import type { Clock, Logger } from '@canopy/service';
import type { DeliverOutcome, GroupLog, Mailbox, OutboxEntry } from '@canopy/storage';

/** What the mover works with. */
export interface OutboxOptions {
  readonly groupLog: GroupLog;
  readonly mailbox: Pick<Mailbox, 'deliver'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The most entries of a mailbox. */
  readonly mailboxEntries: number;
  readonly intervalMs: number;
}

/** What became of a page. */
interface Moved {
  readonly full: number;
  readonly failures: readonly unknown[];
}

const BATCH = 64;

/** Moves what is pending: when told, and regularly for what was left by a failure, a kill or another replica. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Moves now, and from now on regularly. */
  start(): void {
    this.#timer = setInterval(() => this.kick(), this.#options.intervalMs).unref();
    this.kick();
  }

  /** Says that there is something to move; returns at once. */
  kick(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Stops looking, and waits for what is on its way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#end.signal.aborted) {
      this.#again = false;
      try {
        await this.#moveAll();
      } catch (error) {
        // The entries are still there, and the next look finds them.
        this.#options.log.warn({ event: 'outbox-failed', err: error });
      }
    }
  }

  async #moveAll(): Promise<void> {
    const { groupLog, log } = this.#options;
    let full = 0;
    const failures: unknown[] = [];
    for await (const page of groupLog.pendingOutbox(BATCH)) {
      const moved = await this.#move(page);
      full += moved.full;
      failures.push(...moved.failures);
      if (this.#end.signal.aborted) return;
    }
    if (full > 0) log.warn({ event: 'mailboxes-full', entries: full });
    if (failures.length > 0) log.warn({ event: 'outbox-failed', err: failures[0], entries: failures.length });
  }

  /** Moves what can be moved; says how many found no room, and why others could not be moved. */
  async #move(page: readonly OutboxEntry[]): Promise<Moved> {
    const { groupLog } = this.#options;
    const settled = await Promise.allSettled(page.map((entry) => this.#deliver(entry)));
    const isDone = settled.map((one) => one.status === 'fulfilled' && one.value !== 'full');
    const delivered = page.filter((_, i) => isDone[i] === true);
    const completed = await Promise.allSettled([groupLog.completeOutbox(delivered)]);
    return {
      full: settled.filter((one) => one.status === 'fulfilled' && one.value === 'full').length,
      failures: [...settled, ...completed].flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])),
    };
  }

  async #deliver(entry: OutboxEntry): Promise<DeliverOutcome['outcome']> {
    const { mailbox, clock, mailboxEntries: maxEntries } = this.#options;
    return (await mailbox.deliver(entry, { nowMs: Math.floor(clock.now()), maxEntries })).outcome;
  }
}
