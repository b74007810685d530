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

const FIRST_RETRY_MS = 500;

/** Something that is looked at until it is stopped. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failures = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Looks now, and then again after each interval; sooner, at first, after a look that failed. */
  async follow(): Promise<void> {
    await this.refresh();
    if (!this.#end.signal.aborted) {
      const pauseMs = this.#failures === 0 ? Infinity : FIRST_RETRY_MS * 2 ** this.#failures;
      const next = Math.min(pauseMs, this.#options.intervalMs);
      this.#timer = setTimeout(() => void this.follow(), next).unref();
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
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (!signal.aborted) {
        this.#options.onFailure(error);
      }
    }
  }
}
