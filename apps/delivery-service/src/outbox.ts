/**
 * Brings Welcomes from the logs of groups to the mailboxes of devices, each exactly once, however often it is tried.
 *
 * @module
 */
import type { Logger } from '@canopy/service';
import type { GroupLog, Mailbox } from '@canopy/storage';

/** What the mover works with. */
export interface OutboxOptions {
  readonly groupLog: GroupLog;
  readonly mailbox: Mailbox;
  readonly log: Logger;
  readonly intervalMs: number;
}

const BATCH = 16;

/** Moves what is pending: when told, and regularly for what was left by a failure, a kill or another replica. */
export class Outbox {
  readonly #options: OutboxOptions;
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
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#moveAll();
      }
    } catch (error) {
      // The entries are still there, and the next look finds them.
      this.#options.log.warn({ event: 'outbox-failed', err: error });
    }
  }

  async #moveAll(): Promise<void> {
    const { groupLog, mailbox } = this.#options;
    for (;;) {
      const entries = await groupLog.pendingOutbox(BATCH);
      if (entries.length === 0) return;
      for (const entry of entries) await mailbox.deliver(entry);
      await groupLog.completeOutbox(entries);
    }
  }
}
