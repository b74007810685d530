/**
 * Follows the trust anchors of the authentication service: a new CA needs no restart of those who judge its certificates.
 *
 * @module
 */
import { Feed } from './feed.ts';
import type { Logger } from './logger.ts';

/** Where X.509 chains may end; certificates in DER. */
export interface OfferedTrustAnchors {
  /** Grows when the anchors are replaced. */
  readonly version: bigint;
  readonly domain: string;
  readonly anchors: readonly Uint8Array[];
  /** CA certificates that chains may leave out; they are not trusted for being here. */
  readonly intermediates: readonly Uint8Array[];
}

/** How the anchors are followed. */
export interface TrustAnchorFeedOptions {
  /** The domain that the anchors must be for. */
  readonly domain: string;
  /** Asks for anchors that are newer than the known ones (0: none are known); undefined when there are none. */
  fetch(knownVersion: bigint, signal: AbortSignal): Promise<OfferedTrustAnchors | undefined>;
  /** Goes by these anchors from now on; when it throws, those from before stay and the same are offered again. */
  accept(offered: OfferedTrustAnchors): void;
  readonly intervalMs: number;
  readonly log: Logger;
}

/** Anchors that are followed. */
export interface TrustAnchorFeed {
  stop(): void;
  /** Looks once more. Never fails: what went wrong is in the log. */
  refresh(): Promise<void>;
}

const FETCH_TIMEOUT_MS = 3_000;

/** Looks at once, and then again and again until it is stopped. */
export function startTrustAnchorFeed(options: TrustAnchorFeedOptions): TrustAnchorFeed {
  const { domain, intervalMs, log } = options;
  let known = 0n;
  const feed = new Feed({
    look: async (signal) => {
      const offered = await options.fetch(known, signal);
      if (offered === undefined || signal.aborted) {
        return;
      }
      if (offered.domain !== domain) {
        throw new Error('the trust anchors are for another domain');
      }
      options.accept(offered);
      known = offered.version;
      log.info({ event: 'trust-anchors', version: known, count: offered.anchors.length });
    },
    onFailure: (error) => log.warn({ event: 'trust-anchors-not-taken', err: error }),
    intervalMs,
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  void feed.follow();
  return { stop: () => feed.stop(), refresh: () => feed.refresh() };
}
