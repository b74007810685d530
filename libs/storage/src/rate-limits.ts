/**
 * Port for limits of rates: token buckets that all replicas of a service share.
 *
 * @module
 */

/** How far the clocks of two replicas may be apart before the slower one no longer waits for the faster one. */
export const MAX_CLOCK_SKEW_MS = 60_000;

/** Asks a bucket for tokens. */
export interface TakeTokens {
  /** The name of the bucket; any text. What is limited separately has different names. */
  readonly bucket: string;
  /** How many tokens to take, all or none. */
  readonly cost: number;
  /** How many tokens a bucket holds that nobody took from for a while; at least 1. */
  readonly capacity: number;
  /** How many tokens come back per second, more than 0; fractions are fine. */
  readonly refillPerSecond: number;
  readonly nowMs: number;
}

/** `empty` took nothing. What costs more than the capacity never fits: the time is until the bucket is full then. */
export type TakeOutcome =
  | { readonly outcome: 'taken' }
  | {
      readonly outcome: 'empty';
      /** When to come back, in milliseconds from now, at least 1. */
      readonly retryAfterMs: number;
    };

/**
 * Token buckets. A bucket is full when it is first asked, and one that would be full again is forgotten.
 * Time in a bucket does not go back: a replica whose clock is behind gets what the others left and adds nothing. A bucket
 * that lies more than {@link MAX_CLOCK_SKEW_MS} ahead of the caller's time goes on from the caller's: one wrong clock
 * must not shut it for everybody.
 */
export interface RateLimits {
  /** Takes tokens, as one atomic step: however many ask at a time, no more is taken than there is. */
  take(request: TakeTokens): Promise<TakeOutcome>;
}
