/**
 * Port of the Key Directory: a stock of KeyPackages from which each is taken once (RFC 9420 §10, §16.8).
 *
 * @module
 */

/** How long a repeated claim gets the answer of the first, in milliseconds. */
export const CLAIM_REPEAT_WINDOW_MS = 600_000;

/** A KeyPackage for the stock of a device. All times are Unix milliseconds. */
export interface NewStock {
  readonly device: string;
  readonly user: string;
  readonly cipherSuite: number;
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
 * `alreadyStored`: this KeyPackage waits in the stock, unchanged. `alreadyConsumed`: it was handed out, or was a last
 * resort that a newer one replaced. `full`: the device has its maximum.
 */
export type PutOutcome = { readonly outcome: 'stored' | 'alreadyStored' | 'alreadyConsumed' | 'full' };

/** Asks for one KeyPackage of each device. */
export interface ClaimRequest {
  readonly requestId: Uint8Array;
  /** Who claims; request ids of different callers have nothing to do with each other. */
  readonly caller: string;
  /** Devices to take from; naming one twice takes once. */
  readonly devices: readonly string[];
  readonly cipherSuite: number;
  readonly nowMs: number;
}

/** What one device had to give. */
export type DeviceClaim = { readonly device: string } & (
  | { readonly outcome: 'claimed'; readonly keyPackage: Uint8Array; readonly lastResort: boolean }
  | { readonly outcome: 'nothing'; readonly reason: 'unknownDevice' | 'exhausted' }
);

/** What is left of one suite. */
export interface StockCount {
  readonly cipherSuite: number;
  readonly singleUse: number;
  readonly lastResort: boolean;
}

/** Stocks of devices. What is expired at the time named by the caller is never handed out and never counted. */
export interface SingleUseStock {
  /**
   * Puts a KeyPackage into stock, as one atomic step. A last resort replaces the older one of its device and suite for
   * good. Consumed ones are remembered until they expire.
   */
  put(stock: NewStock): Promise<PutOutcome>;

  /**
   * Takes one KeyPackage per device, the one that expires first; when only the last resort is left, that one, without
   * taking it. One atomic step per device: no two claims get the same single-use KeyPackage, whatever the concurrency.
   * Repeated within {@link CLAIM_REPEAT_WINDOW_MS} by the same caller with the same request id and suite, it gives the
   * same KeyPackages; a device that had nothing may have something then. Answers once per device, in the order asked for.
   */
  claim(request: ClaimRequest): Promise<readonly DeviceClaim[]>;

  /** Lists the devices of a user that ever put something into stock, in order of their names. */
  devicesOf(user: string, limit: number): Promise<readonly string[]>;

  /** Counts the stock of a device per suite, smallest suite first, as one atomic step; suites with nothing are left out. */
  count(device: string, nowMs: number): Promise<readonly StockCount[]>;
}
