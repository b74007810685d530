/**
 * How long members have had their keys, as one client saw it: what post-compromise security is worth depends on updates
 * at regular intervals, and on removing those who never make any (RFC 9420 §3.2, §16.6).
 *
 * Pure functions: the application stores what was seen and brings the clock.
 *
 * @module
 */

import type { LeafIndex } from '../tree/math.ts';
import type { Member } from '../tree/ratchet-tree.ts';

/** When a member's current encryption key was first seen, in seconds since the Unix epoch, by the key in hex. */
export type KeyAges = ReadonlyMap<string, bigint>;

/** When something is due, in seconds. */
export interface KeyAgePolicy {
  /** A member with older keys commits or updates (R3.2-01). */
  readonly updateAfter: bigint;
  /** A member whose keys stay the same for longer is removed (R16.6-01). */
  readonly removeAfter: bigint;
}

/** What a client should do. */
export interface KeyAgeAdvice {
  /** Whether this client's own keys are due for an update. */
  readonly update: boolean;
  /** The other members that have been silent for too long. */
  readonly remove: readonly LeafIndex[];
}

const keyOf = ({ leafNode }: Member): string => Buffer.from(leafNode.encryptionKey).toString('hex');

/** Notes the members' current keys: known ones keep their time, new ones get the present, others are forgotten. */
export function observeKeys(seen: KeyAges, members: Iterable<Member>, nowSeconds: bigint): KeyAges {
  const ages = new Map<string, bigint>();
  for (const member of members) {
    const key = keyOf(member);
    ages.set(key, seen.get(key) ?? nowSeconds);
  }
  return ages;
}

/** Says what is due at a time; a key that was never seen is as good as new. */
export function adviseOnKeys(
  seen: KeyAges,
  group: { members(): Iterable<Member>; readonly ownLeafIndex: LeafIndex },
  policy: KeyAgePolicy,
  nowSeconds: bigint,
): KeyAgeAdvice {
  const remove: LeafIndex[] = [];
  let update = false;
  for (const member of group.members()) {
    const age = nowSeconds - (seen.get(keyOf(member)) ?? nowSeconds);
    if (member.leafIndex === group.ownLeafIndex) update = age >= policy.updateAfter;
    else if (age >= policy.removeAfter) remove.push(member.leafIndex);
  }
  return { update, remove };
}
