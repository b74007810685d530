/**
 * Judges the devices of a domain: by attestation, and by X.509 where there are anchors to go by (RFC 9420 §5.3.1).
 *
 * @module
 */
import type { IdentityProvider } from '@canopy/mls';
import { combineIdentityProviders } from './combine-identity-providers.ts';
import { createIdentityProvider, type Clock } from './identity-provider.ts';
import type { AttestationKeys } from './jwks.ts';
import type { RevocationOptions } from './revocation/revocation-check.ts';
import { deviceIdentifiers } from './x509/identifiers.ts';
import type { TrustedCertificates } from './x509/trust-store.ts';
import { createX509IdentityProvider } from './x509/x509-identity-provider.ts';

/** What the devices of a domain are judged by. */
export interface DeviceIdentitiesOptions {
  readonly domain: string;
  /** The keys of attestations. */
  readonly keys: AttestationKeys;
  readonly clock: Clock;
  /** Without it nobody is ever revoked. */
  readonly revocation?: RevocationOptions;
}

/**
 * Makes a judge; no X.509 credential is believed where there are no anchors.
 *
 * @throws {IdentityError} INVALID_CERTIFICATE for an anchor or an intermediate that is no CA
 */
export function createDeviceIdentityProvider(
  options: DeviceIdentitiesOptions,
  trusted: TrustedCertificates,
): IdentityProvider {
  const basic = createIdentityProvider(options);
  if (trusted.anchors.length === 0) return basic;
  const { domain, clock, keys: _, ...more } = options;
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000));
  const identifiers = deviceIdentifiers(domain);
  const x509 = createX509IdentityProvider({ ...more, ...trusted, identifiers, now });
  return combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
}

/** A judge whose anchors may be replaced. */
export class DeviceIdentities {
  readonly #options: DeviceIdentitiesOptions;
  #provider: IdentityProvider;

  constructor(options: DeviceIdentitiesOptions) {
    this.#options = options;
    this.#provider = createDeviceIdentityProvider(options, { anchors: [] });
  }

  /** The judge at this moment. */
  get provider(): IdentityProvider {
    return this.#provider;
  }

  /** Goes by these certificates from now on. @throws {IdentityError} INVALID_CERTIFICATE for one that is no CA */
  trust(certificates: TrustedCertificates): void {
    this.#provider = createDeviceIdentityProvider(this.#options, certificates);
  }
}
