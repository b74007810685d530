/**
 * Looks at something again and again, one look at a time.
 *
 * @module
 */

/** What is looked at. */
export interface FeedOptions {
  /** One look; the signal ends it when it takes too long or the feed is stopped. */
  look(signal: AbortSignal): Promise<void>;
  /** Hears why a look failed; the next one comes all the same. */
  onFailure(error: unknown): void;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Something that is looked at until it is stopped. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Looks now, and then again after each interval. */
  async follow(): Promise<void> {
    await this.refresh();
    if (!this.#end.signal.aborted) {
      this.#timer = setTimeout(() => void this.follow(), this.#options.intervalMs).unref();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#end.abort(new DOMException('the feed was stopped', 'AbortError'));
  }

  /** Looks once more, beginning now or after the look under way. Never fails. */
  refresh(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#look().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // The look under way may have asked too early: all who come meanwhile share the one after it.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.refresh();
    });
    return this.#next;
  }

  async #look(): Promise<void> {
    const { signal } = this.#end;
    if (signal.aborted) {
      return;
    }
    try {
      await this.#options.look(AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]));
    } catch (error) {
      if (!signal.aborted) {
        this.#options.onFailure(error);
      }
    }
  }
}
