/**
 * The settings that say how often KeyPackages may be claimed.
 *
 * @module
 */
import { integer, type ConfigOf, type Setting } from '@canopy/service';

/** A bucket: how many at once, and how many per hour in the long run. */
export interface ClaimRate {
  readonly burst: number;
  readonly perHour: number;
}

/** The limits, each for devices that are claimed from. */
export interface ClaimRates {
  /** What the devices of one user claim, of whomever. */
  readonly perCaller: ClaimRate;
  /** What the devices of one user claim of one device. */
  readonly perCallerAndDevice: ClaimRate;
  /** What all together claim of one device. */
  readonly perDevice: ClaimRate;
}

const LARGEST_RATE = 100_000_000;

function burst(prefix: string, initial: string, what: string): Setting<number> {
  return integer({
    env: `${prefix}_BURST`,
    description: `${what} at once`,
    default: initial,
    minimum: 1,
    maximum: LARGEST_RATE,
  });
}

function perHour(prefix: string, initial: string): Setting<number> {
  return integer({
    env: `${prefix}_PER_HOUR`,
    description: 'the same per hour in the long run',
    default: initial,
    minimum: 1,
    maximum: LARGEST_RATE,
  });
}

/** The settings of the limits. */
export const claimRateSettings = {
  callerBurst: burst('CANOPY_CLAIMS_PER_CALLER', '10000', 'KeyPackages that the devices of one user claim'),
  callerPerHour: perHour('CANOPY_CLAIMS_PER_CALLER', '36000'),
  pairBurst: burst(
    'CANOPY_CLAIMS_PER_CALLER_AND_DEVICE',
    '15',
    'KeyPackages that the devices of one user claim from one device',
  ),
  pairPerHour: perHour('CANOPY_CLAIMS_PER_CALLER_AND_DEVICE', '60'),
  deviceBurst: burst('CANOPY_CLAIMS_PER_DEVICE', '40', 'KeyPackages that all together claim from one device'),
  devicePerHour: perHour('CANOPY_CLAIMS_PER_DEVICE', '120'),
} as const;

/** Gives the limits of claims. */
export function claimRatesOf(config: ConfigOf<typeof claimRateSettings>): ClaimRates {
  return {
    perCaller: { burst: config.callerBurst, perHour: config.callerPerHour },
    perCallerAndDevice: { burst: config.pairBurst, perHour: config.pairPerHour },
    perDevice: { burst: config.deviceBurst, perHour: config.devicePerHour },
  };
}
