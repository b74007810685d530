/**
 * Does what is due with nobody asking: the next signing key, the next revocation list.
 *
 * @module
 */
import type { Logger } from '@canopy/service';
import type { AuthenticationConfig } from './config.ts';
import { publishedAheadMs } from './rules/key-schedule.ts';
import { keySchedule } from './rules/lifetimes.ts';

const LONGEST_PAUSE_MS = 30_000;

/** Refreshes often enough for keys and lists of the configured lifetimes; gives what stops it. */
export function refreshRegularly(
  refresh: () => Promise<void>,
  config: AuthenticationConfig,
  log: Logger,
): () => void {
  const ahead = publishedAheadMs(keySchedule(config));
  const pauseMs = Math.min(LONGEST_PAUSE_MS, ahead / 3, config.revocationListLifetime / 8);
  const timer = setInterval(() => {
    refresh().catch((error: unknown) => log.warn({ event: 'not-refreshed', err: error }));
  }, pauseMs);
  timer.unref();
  return () => clearInterval(timer);
}
