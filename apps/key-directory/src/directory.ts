/**
 * What every call of the key directory works with.
 *
 * @module
 */
import type { DeviceIdentities } from '@canopy/identity';
import type { Clock } from '@canopy/service';
import type { RateLimits, SingleUseStock } from '@canopy/storage';
import type { ClaimLimits } from './claim-limits.ts';
import type { PublishLimit } from './publish-limit.ts';
import type { DirectoryConfig } from './config.ts';
import type { Revocations } from './revocations.ts';

/** The store of the key directory. */
export interface DirectoryStores {
  readonly singleUseStock: SingleUseStock;
  readonly rateLimits: RateLimits;
}

/** What every call works with. */
export interface Directory {
  readonly stores: DirectoryStores;
  readonly config: DirectoryConfig;
  readonly clock: Clock;
  /** Judges whose KeyPackage it is. */
  readonly identities: DeviceIdentities;
  readonly revocations: Revocations;
  readonly limits: ClaimLimits;
  readonly publishLimit: PublishLimit;
}
