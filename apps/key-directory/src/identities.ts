/**
 * Judges whose KeyPackage it is: by attestations, and by certificates where there are anchors to go by.
 *
 * @module
 */
import {
  combineIdentityProviders,
  createIdentityProvider,
  createX509IdentityProvider,
  deviceIdentifiers,
} from '@canopy/identity';
import type { IdentityProvider } from '@canopy/mls';
import type { Clock, KeySource } from '@canopy/service';
import type { Revocations } from './revocations.ts';

/** What identities are judged by. */
export interface IdentitiesOptions {
  readonly domain: string;
  /** The keys of the authentication service. */
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly revocations: Revocations;
  /** The certificates at which a chain may end, in DER; with none, no X.509 credential is believed. */
  readonly trustAnchors: readonly Uint8Array[];
}

/** Makes the judge. @throws {IdentityError} INVALID_CERTIFICATE for an anchor that is no CA */
export function createIdentities(options: IdentitiesOptions): IdentityProvider {
  const { domain, keys, clock, revocations, trustAnchors } = options;
  const revocation = { source: revocations.source, stale: 'refuse' } as const;
  const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
  const basic = createIdentityProvider({ domain, keys: attestationKeys, clock, revocation });
  if (trustAnchors.length === 0) return basic;
  const x509 = createX509IdentityProvider({
    anchors: trustAnchors,
    identifiers: deviceIdentifiers(domain),
    now: () => BigInt(Math.floor(clock.now() / 1000)),
    revocation,
  });
  return combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
}
