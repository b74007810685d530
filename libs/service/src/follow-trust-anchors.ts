/**
 * Where a service has its trust anchors from: a file, for good, or the authentication service, as they change.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { connectTrustAnchors, type AuthenticationPeerConfig } from './authentication-peer.ts';
import { ConfigError } from './config.ts';
import type { Logger } from './logger.ts';
import { startTrustAnchorFeed, type OfferedTrustAnchors, type TrustAnchorFeed } from './trust-anchor-feed.ts';

/** What is followed, and who goes by it. */
export interface FollowedTrustAnchors {
  readonly config: AuthenticationPeerConfig & { readonly revocationInterval: number };
  /** A file in PEM; without it the authentication service is asked. */
  readonly file: string | undefined;
  /** Reads certificates, as DER. Throws when there are none. */
  readPem(pem: string): readonly Uint8Array[];
  /** Goes by these certificates from now on. */
  trust(certificates: Pick<OfferedTrustAnchors, 'anchors' | 'intermediates'>): void;
  readonly log: Logger;
}

/** Reads the file at once, or starts to follow; gives what is to be stopped in the end. @throws {ConfigError} for a file without certificates */
export function followTrustAnchors(followed: FollowedTrustAnchors): TrustAnchorFeed | undefined {
  const { config, file, log } = followed;
  if (file !== undefined) {
    followed.trust({ anchors: readAnchors(file, followed), intermediates: [] });
    return undefined;
  }
  return startTrustAnchorFeed({
    domain: config.domain,
    fetch: connectTrustAnchors(config),
    accept: (offered) => followed.trust(offered),
    intervalMs: config.revocationInterval,
    log,
  });
}

function readAnchors(
  file: string,
  { readPem }: Pick<FollowedTrustAnchors, 'readPem'>,
): readonly Uint8Array[] {
  try {
    return readPem(readFileSync(file, 'utf8'));
  } catch {
    throw new ConfigError([`CANOPY_X509_TRUST_ANCHORS names no file with certificates: ${file}`]);
  }
}
