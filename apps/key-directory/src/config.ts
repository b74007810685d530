/**
 * What can be set about the key directory.
 *
 * @module
 */
import {
  authenticationPeerSettings,
  checkStore,
  duration,
  integer,
  optional,
  path,
  readConfig,
  revocationSettings,
  serverSettings,
  storeSettings,
  type ConfigOf,
} from '@canopy/service';
import { claimRateSettings } from './claim-rates.ts';
import { publishRateSettings } from './publish-limit.ts';

/** The settings of the key directory. */
export const directorySettings = {
  ...serverSettings,
  ...authenticationPeerSettings,
  ...storeSettings,
  ...revocationSettings,
  trustAnchors: optional(
    path({
      env: 'CANOPY_X509_TRUST_ANCHORS',
      description:
        'certificates in PEM at which chains may end; without it those of the authentication service count',
    }),
  ),
  maxLifetime: duration({
    env: 'CANOPY_MAX_KEY_PACKAGE_LIFETIME',
    description: 'longest lifetime of a KeyPackage',
    default: '100d',
    minimumMs: 1_000,
    maximumMs: 400 * 86_400_000,
  }),
  maxStock: integer({
    env: 'CANOPY_MAX_STOCK',
    description: 'single-use KeyPackages of one device, over all suites',
    default: '500',
    minimum: 1,
    maximum: 100_000,
  }),
  maxKeyPackageBytes: integer({
    env: 'CANOPY_MAX_KEY_PACKAGE_BYTES',
    description: 'largest KeyPackage',
    default: String(16 * 1024),
    minimum: 256,
    maximum: 1024 * 1024,
  }),
  maxClaimNames: integer({
    env: 'CANOPY_MAX_CLAIM_NAMES',
    description: 'users and devices that one claim may name',
    default: '100',
    minimum: 1,
    maximum: 10_000,
  }),
  maxClaimDevices: integer({
    env: 'CANOPY_MAX_CLAIM_DEVICES',
    description: 'devices that one claim may take from, those of the named users included',
    default: '200',
    minimum: 1,
    maximum: 10_000,
  }),
  ...publishRateSettings,
  ...claimRateSettings,
  consumptionEntries: integer({
    env: 'CANOPY_CONSUMPTION_ENTRIES',
    description: 'consumptions of one device that are remembered for it',
    default: '1000',
    minimum: 1,
    maximum: 100_000,
  }),
  consumptionAge: duration({
    env: 'CANOPY_CONSUMPTION_AGE',
    description: 'how long they are remembered',
    default: '90d',
    minimumMs: 1_000,
    maximumMs: 3_650 * 86_400_000,
  }),
  stockInterval: duration({
    env: 'CANOPY_STOCK_INTERVAL',
    description: 'pause between two looks of a WatchStock stream that nobody has woken',
    default: '30s',
    minimumMs: 10,
    maximumMs: 3_600_000,
  }),
} as const;

/** What the key directory is configured with. */
export type DirectoryConfig = ConfigOf<typeof directorySettings>;

/** What stands beside a KeyPackage in an answer: the device's name, lengths. */
const CLAIM_OVERHEAD = 512;
const MESSAGE_OVERHEAD = 64 * 1024;

/** Reads the configuration. @throws {ConfigError} */
export function readDirectoryConfig(environment: NodeJS.ProcessEnv): DirectoryConfig {
  return readConfig(directorySettings, environment, (values) => [
    ...checkStore(values),
    ...checkAnswer(values),
    ...checkClaim(values),
  ]);
}

/** What was claimed is gone: an answer that is too large to be sent would lose it. */
function checkAnswer({
  maxClaimDevices = 0,
  maxKeyPackageBytes = 0,
  maxMessageBytes = Infinity,
}: Partial<DirectoryConfig>): readonly string[] {
  const largest = maxClaimDevices * (maxKeyPackageBytes + CLAIM_OVERHEAD) + MESSAGE_OVERHEAD;
  if (largest <= maxMessageBytes) return [];
  return [
    `CANOPY_MAX_CLAIM_DEVICES times CANOPY_MAX_KEY_PACKAGE_BYTES gives answers of ${largest} bytes, ` +
      `more than CANOPY_MAX_MESSAGE_BYTES, ${maxMessageBytes}`,
  ];
}

/** A claim that costs more than the bucket holds would never be served. */
function checkClaim({
  maxClaimNames = 0,
  maxClaimDevices = 0,
  callerBurst = Infinity,
}: Partial<DirectoryConfig>): readonly string[] {
  const largest = maxClaimNames + maxClaimDevices;
  if (largest <= callerBurst) return [];
  return [
    `CANOPY_MAX_CLAIM_NAMES and CANOPY_MAX_CLAIM_DEVICES, together ${largest}, are more than ` +
      `CANOPY_CLAIMS_PER_CALLER_BURST, ${callerBurst}`,
  ];
}
