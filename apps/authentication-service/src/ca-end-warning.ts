/**
 * Warns before the issuing CA ends: from then on no certificates are issued.
 *
 * @module
 */
import type { Clock, Logger } from '@canopy/service';
import type { CertificateAuthority } from './certificate-authority.ts';

const DAY = 86_400_000;
/** Making another CA and bringing its root to all clients takes weeks. */
const WARNED_AHEAD_MS = 60 * DAY;

/** Makes what warns, once a day at most, however often it is asked. */
export function caEndWarning(
  { authority, clock }: { readonly authority: CertificateAuthority | undefined; readonly clock: Clock },
  log: Logger,
): () => void {
  let lastAtMs = -Infinity;
  return () => {
    const nowMs = clock.now();
    if (authority === undefined || authority.endsAtMs - nowMs > WARNED_AHEAD_MS || nowMs - lastAtMs < DAY)
      return;
    lastAtMs = nowMs;
    log.warn({ event: 'issuing-ca-ends', at: new Date(authority.endsAtMs).toISOString() });
  };
}
