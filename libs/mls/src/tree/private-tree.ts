/**
 * The private keys that a member holds: of its own leaf and of nodes above it (RFC 9420 §4.2).
 *
 * @module
 */

import { equal, wipe } from '@canopy/crypto';
import type { NodeIndex } from './math.ts';
import type { RatchetTree } from './ratchet-tree.ts';

/** Private keys by node; every key in it belongs to the public key that stands in the tree. */
export type PrivateTree = ReadonlyMap<NodeIndex, Uint8Array>;

/** Drops the keys whose node was blanked, replaced or cut off (R4.2-02). */
export function keepCurrentKeys(keys: PrivateTree, before: RatchetTree, after: RatchetTree): PrivateTree {
  const kept = new Map<NodeIndex, Uint8Array>();
  for (const [index, key] of keys) {
    const old = publicKeyAt(before, index);
    const now = publicKeyAt(after, index);
    if (old !== undefined && now !== undefined && equal(old, now)) kept.set(index, key);
  }
  return kept;
}

function publicKeyAt(tree: RatchetTree, index: NodeIndex): Uint8Array | undefined {
  return index < 2 * tree.leafCount - 1 ? tree.slot(index).node?.encryptionKey : undefined;
}

/** Overwrites the keys that the newer tree no longer uses (R7.5-10). */
export function wipeReplacedKeys(older: PrivateTree, newer: PrivateTree): void {
  const inUse = new Set(newer.values());
  for (const key of older.values()) if (!inUse.has(key)) wipe(key);
}
