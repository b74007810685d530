/**
 * The key directory without its surroundings: what a test starts.
 *
 * @module
 */
import { directory } from '@canopy/contract';
import { DeviceIdentities, type TrustedCertificates, type RevocationListVerdict } from '@canopy/identity';
import {
  bearer,
  bidi,
  bindService,
  createTokenVerifier,
  unary,
  type BoundService,
  type CallOptions,
  type Caller,
  type Clock,
  type Incident,
  type KeySource,
  type Logger,
} from '@canopy/service';
import { isAway } from '@canopy/storage';
import { claimKeyPackages } from './calls/claim-key-packages.ts';
import { countKeyPackages } from './calls/count-key-packages.ts';
import { listConsumptions } from './calls/list-consumptions.ts';
import { publishKeyPackages } from './calls/publish-key-packages.ts';
import { StockWatches } from './calls/watch-stock.ts';
import { withdrawKeyPackages } from './calls/withdraw-key-packages.ts';
import { ClaimLimits } from './claim-limits.ts';
import { claimRatesOf } from './claim-rates.ts';
import type { DirectoryConfig } from './config.ts';
import type { Directory, DirectoryStores } from './directory.ts';
import { PublishLimit } from './publish-limit.ts';
import { Revocations, unlessRevoked } from './revocations.ts';

/** What the service is made of. */
export interface KeyDirectoryOptions {
  readonly stores: DirectoryStores;
  readonly clock: Clock;
  readonly config: DirectoryConfig;
  /** The keys of the authentication service, for access tokens, attestations and revocation lists. */
  readonly keys: KeySource;
  readonly log: Logger;
  readonly onIncident?: (incident: Incident) => void;
}

/** The service and its life. */
export interface KeyDirectory {
  readonly bound: BoundService;
  /** Takes a revocation list; until there is one, nothing is published or claimed. */
  acceptRevocationList(jwt: string): Promise<RevocationListVerdict>;
  /** Believes X.509 credentials by these certificates, and no others, from now on. @throws {IdentityError} for one that is no CA */
  trust(certificates: TrustedCertificates): void;
  /** Ends the open streams. */
  drain(): void;
}

/** Makes the key directory. */
export function createKeyDirectory(options: KeyDirectoryOptions): KeyDirectory {
  const { stores, clock, config, keys, log, onIncident } = options;
  const { domain } = config;
  const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
  const revocations = new Revocations({ domain, keys: attestationKeys, clock, ...stores });
  const revocation = { source: revocations.source, stale: 'refuse' } as const;
  const identities = new DeviceIdentities({ domain, keys: attestationKeys, clock, revocation });
  const { rateLimits } = stores;
  const limits = new ClaimLimits({ rateLimits, rates: claimRatesOf(config), clock });
  const publishLimit = new PublishLimit({ rateLimits, rate: config, clock });
  const service = { stores, clock, config, identities, revocations, limits, publishLimit };
  const verify = createTokenVerifier({ audience: 'canopy-directory', issuer: domain, keys, clock });
  const authenticate = unlessRevoked(revocations, bearer(verify));
  const watches = new StockWatches(service);
  return {
    bound: bind(service, watches, { authenticate, log, isUnavailable: isAway, onIncident }),
    acceptRevocationList: (jwt) => revocations.accept(jwt),
    trust: (certificates) => identities.trust(certificates),
    drain: () => watches.drain(),
  };
}

function bind(service: Directory, watches: StockWatches, calls: CallOptions<Caller>): BoundService {
  return bindService(directory.KeyDirectoryServiceService, {
    publishKeyPackages: unary(calls, (request, { caller }) => publishKeyPackages(service, request, caller)),
    claimKeyPackages: unary(calls, (request, { caller }) => claimKeyPackages(service, request, caller)),
    countKeyPackages: unary(calls, (_, { caller }) => countKeyPackages(service, caller)),
    withdrawKeyPackages: unary(calls, (request, { caller }) => withdrawKeyPackages(service, request, caller)),
    listConsumptions: unary(calls, (request, { caller }) => listConsumptions(service, request, caller)),
    watchStock: bidi(calls, watches.watch),
  });
}
