/**
 * When a proof was made: only a recent one counts, so that one that leaked is soon of no use.
 *
 * @module
 */

/** Says whether a proof's time is close enough to the clock; the borders count as close. */
export function isFresh(timeUnixMs: bigint, nowMs: number, toleranceMs: number): boolean {
  const distance = timeUnixMs - BigInt(Math.floor(nowMs));
  return (distance < 0n ? -distance : distance) <= BigInt(toleranceMs);
}
