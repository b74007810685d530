/**
 * Puts a committer's new keys into the tree, with the parent hashes that bind them (RFC 9420 §7.5, §7.9).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { PathStep } from './filtered-direct-path.ts';
import type { NodeIndex } from './math.ts';
import { parentHash } from './parent-hash.ts';
import type { ParentNode } from './parent-node.ts';
import { treeHashText } from './tree-hash.ts';

const NO_PARENT_HASH = new Uint8Array(0);

/** The new nodes of a path, and the parent hash that the leaf below them has to carry. */
export interface PathNodes {
  readonly nodes: ReadonlyMap<NodeIndex, ParentNode>;
  readonly leafParentHash: Uint8Array;
}

/** Makes the nodes of a path from their public keys, leaf to root (RFC 9420 §7.5). */
export function pathNodes(
  suite: CipherSuite,
  path: readonly PathStep[],
  publicKeys: readonly Uint8Array[],
): PathNodes {
  const nodes = new Map<NodeIndex, ParentNode>();
  let above: Uint8Array = NO_PARENT_HASH;
  // §7.9: from the root down, since each node carries the hash of the one above it.
  for (const [position, { slot, copath }] of [...path.entries()].toReversed()) {
    const encryptionKey = publicKeys[position] ?? NO_PARENT_HASH;
    nodes.set(slot.index, { encryptionKey, parentHash: above, unmergedLeaves: [] });
    // A new node has no unmerged leaves, so the sibling's original tree hash is its present one.
    above = parentHash(suite, { encryptionKey, parentHash: above }, treeHashText(suite, copath));
  }
  return { nodes, leafParentHash: above };
}
