/**
 * Brings Welcomes from the logs of groups to the mailboxes of devices, each exactly once, however often it is tried. What one
 * mailbox cannot take now waits in its log, and keeps nothing else from being moved.
 *
 * @module
 */
import type { Logger } from '@canopy/service';
import type { GroupLog, Mailbox, OutboxEntry } from '@canopy/storage';

/** What the mover works with. */
export interface OutboxOptions {
  readonly groupLog: GroupLog;
  readonly mailbox: Pick<Mailbox, 'deliver'>;
  readonly log: Logger;
  readonly intervalMs: number;
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
    const failures: unknown[] = [];
    for await (const page of this.#options.groupLog.pendingOutbox(BATCH)) {
      failures.push(...(await this.#move(page)));
      if (this.#end.signal.aborted) return;
    }
    if (failures.length > 0)
      this.#options.log.warn({ event: 'outbox-failed', err: failures[0], entries: failures.length });
  }

  /** Moves what can be moved; gives why the rest could not. */
  async #move(page: readonly OutboxEntry[]): Promise<readonly unknown[]> {
    const { groupLog, mailbox } = this.#options;
    const settled = await Promise.allSettled(page.map((entry) => mailbox.deliver(entry)));
    const delivered = page.filter((_, i) => settled[i]?.status === 'fulfilled');
    const completed = await Promise.allSettled([groupLog.completeOutbox(delivered)]);
    return [...settled, ...completed].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  }
}
