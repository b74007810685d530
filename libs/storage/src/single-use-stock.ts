/**
 * Port of the Key Directory: a stock of KeyPackages from which each is taken once (RFC 9420 §10, §16.8).
 *
 * @module
 */
import type { Unsubscribe, WakeUp } from './wake-up.ts';

/** How long a repeated claim gets the answer of the first, in milliseconds. */
export const CLAIM_REPEAT_WINDOW_MS = 600_000;

/** How many sets of capabilities the stock of one device may have, over all suites: a claim looks at each of them. */
export const MAX_CAPABILITY_SETS = 32;

/** How many KeyPackages one step of a withdrawal takes out. */
export const WITHDRAWAL_STEP = 256;

/** Code points that a leaf supports, or that a group requires (RFC 9420 §7.2, §11.1); default types are left out. */
export interface StockCapabilities {
  readonly extensions: readonly number[];
  readonly proposals: readonly number[];
  readonly credentials: readonly number[];
}

/** A KeyPackage for the stock of a device. All times are Unix milliseconds. */
export interface NewStock {
  readonly device: string;
  readonly user: string;
  readonly cipherSuite: number;
  /** What its leaf supports. */
  readonly capabilities: StockCapabilities;
  /** The key of its leaf: a withdrawal goes by it. */
  readonly signatureKey: Uint8Array;
  /** KeyPackageRef (RFC 9420 §5.2). */
  readonly ref: Uint8Array;
  readonly keyPackage: Uint8Array;
  /** Handed out again and again, but only when nothing else is left. */
  readonly lastResort: boolean;
  /** The last moment at which it may be handed out. */
  readonly notAfterMs: number;
  /** The most unexpired single-use KeyPackages of the device, over all suites; a last resort does not count. */
  readonly maxPerDevice: number;
  readonly nowMs: number;
}

/**
 * `alreadyStored`: this KeyPackage waits in the stock, unchanged. `alreadyConsumed`: it was handed out, withdrawn, or was
 * a last resort that a newer one replaced. `full`: the device has its maximum. `tooManyCapabilitySets`: its stock has
 * {@link MAX_CAPABILITY_SETS} others. `revoked`: the device has no stock any more.
 */
export type PutOutcome = {
  readonly outcome:
    'stored' | 'alreadyStored' | 'alreadyConsumed' | 'full' | 'tooManyCapabilitySets' | 'revoked';
};

/** How long it is remembered who consumed what. */
export interface ConsumptionBounds {
  /** The newest ones of each device. */
  readonly maxEntries: number;
  readonly maxAgeMs: number;
}

/** Asks for one KeyPackage of each device. */
export interface ClaimRequest {
  readonly requestId: Uint8Array;
  /** Who claims; request ids of different callers have nothing to do with each other. */
  readonly caller: string;
  /** Devices to take from; naming one twice takes once. */
  readonly devices: readonly string[];
  readonly cipherSuite: number;
  /** What a KeyPackage must support to fit. */
  readonly required: StockCapabilities;
  /** Devices of which nothing but the last resort may be taken. */
  readonly lastResortOnly?: ReadonlySet<string>;
  readonly remember: ConsumptionBounds;
  readonly nowMs: number;
}

/** Why a device had nothing: `noneFits` means that what it has of the suite lacks a capability. */
export type NothingReason = 'unknownDevice' | 'exhausted' | 'noneFits' | 'revoked';

/** What one device had to give. */
export type DeviceClaim = { readonly device: string } & (
  | { readonly outcome: 'claimed'; readonly keyPackage: Uint8Array; readonly lastResort: boolean }
  | { readonly outcome: 'nothing'; readonly reason: NothingReason }
);

/** What is left of one suite. */
export interface StockCount {
  readonly cipherSuite: number;
  readonly singleUse: number;
  readonly lastResort: boolean;
  /** How often the last resort that is there was handed out. */
  readonly lastResortUses: number;
}

/** Which KeyPackages are withdrawn: `revoked` takes all and lets the device put nothing any more. */
export type WithdrawnStock =
  | { readonly which: 'all' | 'revoked' }
  | { readonly which: 'underKey' | 'notUnderKey'; readonly signatureKey: Uint8Array };

/** Takes KeyPackages of a device out of its stock. */
export type Withdrawal = WithdrawnStock & { readonly device: string; readonly nowMs: number };

/** Somebody got a KeyPackage. */
export interface Consumption {
  /** Grows from one to the next of the same device. */
  readonly sequence: bigint;
  readonly caller: string;
  readonly atMs: number;
  readonly ref: Uint8Array;
  readonly cipherSuite: number;
  readonly lastResort: boolean;
}

/** Asks for a page of who consumed what of a device. */
export interface ConsumptionQuery {
  readonly device: string;
  readonly afterSequence: bigint;
  readonly limit: number;
  /** Older ones are as if they had been forgotten. */
  readonly notBeforeMs: number;
}

/** Stocks of devices. What is expired at the time named by the caller is never handed out and never counted. */
export interface SingleUseStock {
  /**
   * Puts a KeyPackage into stock, as one atomic step. A last resort replaces the older one of its device and suite for
   * good. Consumed ones are remembered until they expire.
   */
  put(stock: NewStock): Promise<PutOutcome>;

  /**
   * Takes one KeyPackage per device, of those that fit the one that expires first within its set of capabilities; when
   * only the last resort is left, that one, without taking it. One atomic step per device: no two claims get the same
   * single-use KeyPackage, whatever the concurrency. Repeated within {@link CLAIM_REPEAT_WINDOW_MS} by the same caller
   * with the same request id, suite and requirements, it gives the same KeyPackages; a device that had nothing, or that
   * has withdrawn some meanwhile, may have something else then. Answers once per device, in the order asked for.
   */
  claim(request: ClaimRequest): Promise<readonly DeviceClaim[]>;

  /** Lists the devices that would give this very claim the answer that they gave it before. Takes nothing. */
  repeatsOf(request: ClaimRequest): Promise<ReadonlySet<string>>;

  /** Lists the devices of a user that ever put something into stock and are not revoked, in order of their names. */
  devicesOf(user: string, limit: number): Promise<readonly string[]>;

  /** Counts the stock of a device per suite, smallest suite first, as one atomic step; suites with nothing are left out. */
  count(device: string, nowMs: number): Promise<readonly StockCount[]>;

  /**
   * Withdraws KeyPackages for good and says how many; a device that never put anything has none, and is not marked as
   * revoked. Atomic in steps of {@link WITHDRAWAL_STEP}; the mark of a revoked device, and that answers from before are
   * repeated no longer, come with the first. Repeating it does no harm.
   */
  withdraw(withdrawal: Withdrawal): Promise<number>;

  /** Reads who consumed what of a device, the oldest first; repeated claims are one. */
  consumptions(query: ConsumptionQuery): Promise<readonly Consumption[]>;

  /** Calls when the stock of a device may have changed. */
  onChange(device: string, wakeUp: WakeUp): Unsubscribe;
}
