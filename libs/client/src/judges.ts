/**
 * Whom a device believes: those of its domain, by attestation or by certificate (RFC 9420 §5.3.1).
 *
 * @module
 */
import {
  combineIdentityProviders,
  createIdentityProvider,
  createX509IdentityProvider,
  deviceIdentifiers,
  type AttestationKeys,
  type RevocationOptions,
} from '@canopy/identity';
import type { IdentityProvider } from '@canopy/mls';
import type { Clock } from './ports.ts';
import type { TrustAnchors } from './store/device-store.ts';

/** What a judge goes by. */
export interface JudgeParts {
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly clock: Clock;
  /** Certificates count where there are anchors. */
  readonly anchors: TrustAnchors;
  /** Without it nobody is ever revoked. */
  readonly revocation?: RevocationOptions;
}

/** Makes the judge of the members of groups. @throws {IdentityError} INVALID_CERTIFICATE for an anchor that is none */
export function judgeOf({ domain, keys, clock, anchors, ...more }: JudgeParts): IdentityProvider {
  const basic = createIdentityProvider({ domain, keys, clock, ...more });
  if (anchors.anchors.length === 0) return basic;
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000));
  const x509 = createX509IdentityProvider({
    ...anchors,
    identifiers: deviceIdentifiers(domain),
    now,
    ...more,
  });
  return combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
}
