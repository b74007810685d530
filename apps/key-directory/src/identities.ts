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
  type RevocationOptions,
} from '@canopy/identity';
import type { IdentityProvider } from '@canopy/mls';
import type { Clock, KeySource } from '@canopy/service';
import type { Revocations } from './revocations.ts';

/** The certificates at which chains may end, and those that chains may leave out, in DER. */
export interface TrustedCertificates {
  readonly anchors: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
}

/** What identities are judged by. */
export interface IdentitiesOptions {
  readonly domain: string;
  /** The keys of the authentication service. */
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly revocations: Revocations;
}

/** Judges identities; no X.509 credential is believed before there are anchors. */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #basic: IdentityProvider;
  #x509: IdentityProvider | undefined;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    const { domain, keys, clock } = options;
    const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
    this.#basic = createIdentityProvider({
      domain,
      keys: attestationKeys,
      clock,
      revocation: this.#revocation,
    });
  }

  /** The judge at this moment. */
  get provider(): IdentityProvider {
    const [basic, x509] = [this.#basic, this.#x509];
    return x509 === undefined
      ? basic
      : combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
  }

  /** Goes by these certificates from now on. @throws {IdentityError} INVALID_CERTIFICATE for one that is no CA */
  trust({ anchors, intermediates }: TrustedCertificates): void {
    const { domain, clock } = this.#options;
    const more = { identifiers: deviceIdentifiers(domain), revocation: this.#revocation };
    const now = (): bigint => BigInt(Math.floor(clock.now() / 1000));
    this.#x509 =
      anchors.length === 0 ? undefined : createX509IdentityProvider({ anchors, intermediates, now, ...more });
  }

  get #revocation(): RevocationOptions {
    return { source: this.#options.revocations.source, stale: 'refuse' };
  }
}
