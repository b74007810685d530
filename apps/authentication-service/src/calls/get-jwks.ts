/**
 * GetJwks: the public keys that verify access tokens and attestations.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<authentication.GetJwksRequest, authentication.GetJwksResponse, undefined>;

/** Makes the handler of GetJwks. */
export function getJwks({ config, keys }: Parts): Handler {
  return async () => ({ domain: config.domain, jwksJson: await keys.jwksJson() });
}
