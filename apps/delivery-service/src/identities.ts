/**
 * Judges who joins by an external commit: by attestation, and by X.509 where there are trust anchors (RFC 9420 §5.3.1).
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
import { ConfigError, type Clock } from '@canopy/service';

/** The certificates at which chains may end, and those that chains may leave out, in DER. */
export interface TrustedCertificates {
  readonly anchors: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
}

/** What joiners are judged by. */
export interface JoinerIdentitiesOptions {
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly clock: Clock;
}

/** Judges joiners; no X.509 credential is believed before there are anchors. Revoked devices do not come so far: their tokens are refused. */
export class JoinerIdentities {
  readonly #options: JoinerIdentitiesOptions;
  readonly #basic: IdentityProvider;
  #x509: IdentityProvider | undefined;

  constructor(options: JoinerIdentitiesOptions) {
    this.#options = options;
    this.#basic = createIdentityProvider(options);
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
    const identifiers = deviceIdentifiers(domain);
    const now = (): bigint => BigInt(Math.floor(clock.now() / 1000));
    this.#x509 =
      anchors.length === 0
        ? undefined
        : createX509IdentityProvider({ anchors, intermediates, identifiers, now });
  }
}

/** Reads anchors from a file in PEM, as DER. @throws {ConfigError} */
export function readTrustAnchors(path: string): readonly Uint8Array[] {
  try {
    return readPemCertificates(readFileSync(path, 'utf8'));
  } catch {
    throw new ConfigError([`CANOPY_X509_TRUST_ANCHORS names no file with certificates: ${path}`]);
  }
}
