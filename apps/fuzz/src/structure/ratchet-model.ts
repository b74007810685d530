/**
 * A plain second version of a receiver's ratchet: which generations it can still open (RFC 9420 §15.3).
 *
 * @module
 */

import type { Policy } from '@canopy/mls';

/** Which generations of one sender a member can open; plain data, to be copied with the member. */
export interface RatchetModel {
  next: number;
  /** Skipped generations, the oldest first. */
  skipped: number[];
}

type Limits = Pick<Policy, 'maximumForwardSteps' | 'maximumSkippedKeys'>;

/** Gives the code that a generation is refused with; undefined when it can be opened. */
export function refusalOfGeneration(
  ratchet: RatchetModel,
  generation: number,
  { maximumForwardSteps }: Limits,
): 'GENERATION_CONSUMED' | 'GENERATION_TOO_FAR' | undefined {
  if (generation < ratchet.next) {
    return ratchet.skipped.includes(generation) ? undefined : 'GENERATION_CONSUMED';
  }
  return generation - ratchet.next > maximumForwardSteps ? 'GENERATION_TOO_FAR' : undefined;
}

/** Uses up a generation that was opened. */
export function consumeGeneration(ratchet: RatchetModel, generation: number, limits: Limits): void {
  if (generation < ratchet.next) {
    ratchet.skipped = ratchet.skipped.filter((skipped) => skipped !== generation);
    return;
  }
  for (let skipped = ratchet.next; skipped < generation; skipped++) ratchet.skipped.push(skipped);
  ratchet.next = generation + 1;
  ratchet.skipped = ratchet.skipped.slice(Math.max(0, ratchet.skipped.length - limits.maximumSkippedKeys));
}
