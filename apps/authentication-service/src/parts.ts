/**
 * What the handlers of all calls work with.
 *
 * @module
 */
import type { Clock } from '@canopy/service';
import type { Registry } from '@canopy/storage';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { AuthenticationConfig } from './config.ts';
import type { CredentialLimits } from './credential-limits.ts';
import type { IdTokens } from './oidc/id-tokens.ts';
import type { PublishedAnchors } from './published-anchors.ts';
import type { RevocationListPublisher } from './revocation-list.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What the handlers of all calls work with. */
export interface Parts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly config: AuthenticationConfig;
  readonly keys: SigningKeys;
  readonly limits: CredentialLimits;
  readonly revocationList: RevocationListPublisher;
  /** Undefined where no certificates are issued. */
  readonly authority: CertificateAuthority | undefined;
  readonly trustAnchors: PublishedAnchors;
  /** Undefined where there is no OpenID provider. */
  readonly idTokens: IdTokens | undefined;
}
