/**
 * What every call of the key directory works with.
 *
 * @module
 */
import type { IdentityProvider } from '@canopy/mls';
import type { Clock } from '@canopy/service';
import type { SingleUseStock } from '@canopy/storage';
import type { DirectoryConfig } from './config.ts';

/** The store of the key directory. */
export interface DirectoryStores {
  readonly singleUseStock: SingleUseStock;
}

/** What every call works with. */
export interface Directory {
  readonly stores: DirectoryStores;
  readonly config: DirectoryConfig;
  readonly clock: Clock;
  /** Judges whose KeyPackage it is. */
  readonly identities: IdentityProvider;
}
