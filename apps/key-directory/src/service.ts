/**
 * The key directory without its surroundings: what a test starts.
 *
 * @module
 */
import { directory } from '@canopy/contract';
import { createIdentityProvider } from '@canopy/identity';
import {
  bearer,
  bindService,
  createTokenVerifier,
  unary,
  type BoundService,
  type Clock,
  type Incident,
  type KeySource,
  type Logger,
} from '@canopy/service';
import { claimKeyPackages } from './calls/claim-key-packages.ts';
import { countKeyPackages } from './calls/count-key-packages.ts';
import { publishKeyPackages } from './calls/publish-key-packages.ts';
import type { DirectoryConfig } from './config.ts';
import type { DirectoryStores } from './directory.ts';
import { isAway } from '@canopy/storage';

/** What the service is made of. */
export interface KeyDirectoryOptions {
  readonly stores: DirectoryStores;
  readonly clock: Clock;
  readonly config: DirectoryConfig;
  /** The keys of the authentication service, for access tokens and for attestations. */
  readonly keys: KeySource;
  readonly log: Logger;
  readonly onIncident?: (incident: Incident) => void;
}

/** Makes the key directory. */
export function createKeyDirectory(options: KeyDirectoryOptions): BoundService {
  const { stores, clock, config, keys, log, onIncident } = options;
  const { domain } = config;
  const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
  const identities = createIdentityProvider({ domain, keys: attestationKeys, clock });
  const service = { stores, clock, config, identities };
  const verify = createTokenVerifier({ audience: 'canopy-directory', issuer: domain, keys, clock });
  const calls = { authenticate: bearer(verify), log, isUnavailable: isAway, onIncident };
  return bindService(directory.KeyDirectoryServiceService, {
    publishKeyPackages: unary(calls, (request, { caller }) => publishKeyPackages(service, request, caller)),
    claimKeyPackages: unary(calls, (request, { caller }) => claimKeyPackages(service, request, caller)),
    countKeyPackages: unary(calls, (_, { caller }) => countKeyPackages(service, caller)),
  });
}
