/**
 * What the handlers of all calls work with.
 *
 * @module
 */
import type { Clock } from '@canopy/service';
import type { Registry } from '@canopy/storage';
import type { AuthenticationConfig } from './config.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What the handlers of all calls work with. */
export interface Parts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly config: AuthenticationConfig;
  readonly keys: SigningKeys;
}
