/**
 * Judges who joins by an external commit: by attestation, and by X.509 where the operator has trust anchors (RFC 9420 §5.3.1).
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import {
  combineIdentityProviders,
  createIdentityProvider,
  createX509IdentityProvider,
  deviceIdentifiers,
  readPemCertificates,
  type AttestationKeys,
} from '@canopy/identity';
import type { IdentityProvider } from '@canopy/mls';
import type { Clock } from '@canopy/service';

/** What joiners are judged by. */
export interface JoinerIdentityOptions {
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly clock: Clock;
  /** A file with certificates in PEM. */
  readonly x509TrustAnchors: string | undefined;
}

/** Makes the judge. Revoked devices do not come so far: their tokens are refused. @throws IdentityError for anchors that are none */
export function createJoinerIdentities(options: JoinerIdentityOptions): IdentityProvider {
  const { domain, keys, clock, x509TrustAnchors } = options;
  const basic = createIdentityProvider({ domain, keys, clock });
  if (x509TrustAnchors === undefined) return basic;
  const x509 = createX509IdentityProvider({
    anchors: readPemCertificates(readFileSync(x509TrustAnchors, 'utf8')),
    identifiers: deviceIdentifiers(domain),
    now: () => BigInt(Math.floor(clock.now() / 1000)),
  });
  return combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
}
