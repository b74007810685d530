/**
 * Follows the revocation list of the authentication service: a revocation is known here within one interval.
 *
 * @module
 */
import type { Logger } from './logger.ts';
import { duration } from './settings.ts';

/** The setting of a service that follows the revocation list. */
export const revocationSettings = {
  revocationInterval: duration({
    env: 'CANOPY_REVOCATION_INTERVAL',
    description: 'pause between two looks at the revocation list',
    default: '10s',
    minimumMs: 100,
    maximumMs: 3_600_000,
  }),
} as const;

/** A list as the authentication service offers it; its number is not believed before the list is accepted. */
export interface OfferedRevocationList {
  readonly number: bigint;
  readonly jwt: string;
}

/** What came of an offered list: the number that is signed in it, or a stable word for why it is refused. */
export type RevocationListAcceptance =
  | { readonly valid: true; readonly list: { readonly number: number } }
  | { readonly valid: false; readonly reason: string };

/** How the list is followed. */
export interface RevocationFeedOptions {
  /** Asks for a list that is newer than the known one (0: none is known); undefined when there is none. */
  fetch(knownNumber: bigint, signal: AbortSignal): Promise<OfferedRevocationList | undefined>;
  /** Checks a list and acts upon it; when it is refused or fails, the same list is offered again at the next look. */
  accept(jwt: string): Promise<RevocationListAcceptance>;
  readonly intervalMs: number;
  readonly log: Logger;
  /** How long one fetch may take; 3 seconds by default. */
  readonly timeoutMs?: number;
}

/** A list that is followed. */
export interface RevocationFeed {
  stop(): void;
  /** Looks once more, beginning now or after the look under way. Never fails: what went wrong is in the log. */
  refresh(): Promise<void>;
}

/** Looks at once, and then again and again until it is stopped. */
export function startRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const feed = new Feed(options);
  void feed.follow();
  return { stop: () => feed.stop(), refresh: () => feed.refresh() };
}

const FETCH_TIMEOUT_MS = 3_000;

class Feed {
  readonly #options: RevocationFeedOptions;
  readonly #end = new AbortController();
  #known = 0n;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
  }

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
      await this.#take(AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]));
    } catch (error) {
      if (!signal.aborted) {
        this.#options.log.warn({ event: 'revocation-list-not-fetched', err: error });
      }
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const offered = await this.#options.fetch(this.#known, signal);
    if (offered === undefined || this.#end.signal.aborted) {
      return;
    }
    const acceptance = await this.#options.accept(offered.jwt);
    if (acceptance.valid) {
      this.#known = BigInt(acceptance.list.number);
      log.info({ event: 'revocation-list', number: this.#known });
    } else {
      log.error({ event: 'revocation-list-refused', number: offered.number, reason: acceptance.reason });
    }
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? FETCH_TIMEOUT_MS;
  }
}
