/**
 * The authentication service as other services know it: where it is, and the keys that it signs with.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { authentication, callUnary, connect } from '@canopy/contract';
import type { ConfigOf } from './config.ts';
import { remoteKeySource, type KeySource } from './key-source.ts';
import type { Logger } from './logger.ts';
import type { RevocationFeedOptions } from './revocation-feed.ts';
import type { TrustAnchorFeedOptions } from './trust-anchor-feed.ts';
import { optional, path, text } from './settings.ts';

/** The settings of a service that trusts an authentication service. */
export const authenticationPeerSettings = {
  domain: text({ env: 'CANOPY_DOMAIN', description: 'the trust domain, as access tokens name it' }),
  authenticationService: text({
    env: 'CANOPY_AUTHENTICATION_SERVICE',
    description: 'address of the authentication service, host:port',
  }),
  authenticationCa: optional(
    path({
      env: 'CANOPY_AUTHENTICATION_CA',
      description: 'certificates to trust there in PEM; without it the service is asked in the clear',
    }),
  ),
} as const;

/** Where the authentication service is. */
export type AuthenticationPeerConfig = ConfigOf<typeof authenticationPeerSettings>;

/** Connects to the authentication service; its keys are fetched when the first token comes, and kept for its absences. */
export function connectKeys(config: AuthenticationPeerConfig, log: Logger): KeySource {
  const onFailure = (error: unknown): void => log.warn({ event: 'keys-not-fetched', err: error });
  return remoteKeySource(connectPeer(config), { domain: config.domain, onFailure });
}

/** Connects to the authentication service; gives what a feed asks it for revocation lists with. */
export function connectRevocationLists(config: AuthenticationPeerConfig): RevocationFeedOptions['fetch'] {
  const client = connectPeer(config);
  return async (knownNumber, signal) => {
    const { result } = await callUnary(client, 'getRevocationList', { knownNumber }, { signal });
    return result?.$case === 'list' ? result.value : undefined;
  };
}

/** Connects to the authentication service; gives what a feed asks it for trust anchors with. */
export function connectTrustAnchors(config: AuthenticationPeerConfig): TrustAnchorFeedOptions['fetch'] {
  const client = connectPeer(config);
  return async (knownVersion, signal) => {
    const { result } = await callUnary(client, 'getTrustAnchors', { knownVersion }, { signal });
    return result?.$case === 'anchors' ? result.value : undefined;
  };
}

function connectPeer(config: AuthenticationPeerConfig): authentication.AuthenticationServiceClient {
  const { authenticationService: address, authenticationCa } = config;
  const tls = authenticationCa === undefined ? {} : { tls: { ca: readFileSync(authenticationCa) } };
  return connect(authentication.AuthenticationServiceClient, { address, ...tls });
}
