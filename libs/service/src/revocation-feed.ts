/**
 * Follows the revocation list of the authentication service: a revocation is known here within one interval.
 *
 * @module
 */
import { Feed } from './feed.ts';
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

const FETCH_TIMEOUT_MS = 3_000;

/** Looks at once, and then again and again until it is stopped. */
export function startRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { intervalMs, timeoutMs = FETCH_TIMEOUT_MS, log } = options;
  let known = 0n;
  const feed = new Feed({
    look: async (signal) => {
      known = (await takeList(options, known, signal)) ?? known;
    },
    onFailure: (error) => log.warn({ event: 'revocation-list-not-fetched', err: error }),
    intervalMs,
    timeoutMs,
  });
  void feed.follow();
  return { stop: () => feed.stop(), refresh: () => feed.refresh() };
}

/** Gives the number of the list that was taken, if one was. */
async function takeList(
  options: RevocationFeedOptions,
  known: bigint,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const { log } = options;
  const offered = await options.fetch(known, signal);
  if (offered === undefined || signal.aborted) {
    return undefined;
  }
  const acceptance = await options.accept(offered.jwt);
  if (!acceptance.valid) {
    log.error({ event: 'revocation-list-refused', number: offered.number, reason: acceptance.reason });
    return undefined;
  }
  const number = BigInt(acceptance.list.number);
  log.info({ event: 'revocation-list', number });
  return number;
}
