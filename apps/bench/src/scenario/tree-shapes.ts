/**
 * What a tree is like, for the floor: counted on the slots of Canopy's trees.
 *
 * @module
 */

import { toLeafIndex, type RatchetTree } from '@canopy/mls';
import type { JoinShape } from '../floor/floor.ts';

type Slot = RatchetTree['root'];

/** Counts what a joiner verifies of a tree; `derived` is the number of nodes that it gets keys for. */
export function joinShapeOf(tree: RatchetTree, derived: number): JoinShape {
  return {
    leaves: tree.memberCount,
    parents: parentsOf(tree.root),
    nodes: 2 * tree.leafCount - 1,
    derived,
    originalHashes: originalHashesOf(tree.root),
  };
}

function parentsOf(slot: Slot): number {
  if (slot.kind === 'leaf') return 0;
  return (slot.node === undefined ? 0 : 1) + parentsOf(slot.left) + parentsOf(slot.right);
}

/**
 * Counts the hashes of subtrees as they were before unmerged leaves were added (RFC 9420 §7.9). Below each parent it is
 * one of both sides that is hashed; the one with fewer is counted, since this is a floor.
 */
function originalHashesOf(slot: Slot): number {
  if (slot.kind === 'leaf') return 0;
  const unmerged = new Set<number>(slot.node?.unmergedLeaves);
  const own =
    unmerged.size === 0 ? 0 : Math.min(nodesAbove(slot.left, unmerged), nodesAbove(slot.right, unmerged));
  return own + originalHashesOf(slot.left) + originalHashesOf(slot.right);
}

/** Counts the nodes of a subtree that have one of the leaves at or below them. */
function nodesAbove(slot: Slot, leaves: ReadonlySet<number>): number {
  if (slot.kind === 'leaf') return leaves.has(slot.index / 2) ? 1 : 0;
  const below = nodesAbove(slot.left, leaves) + nodesAbove(slot.right, leaves);
  return below === 0 ? 0 : below + 1;
}

/** Counts the nodes whose tree hash is another one than before: trees share the slots that have not changed. */
export function changedNodesOf(before: RatchetTree, after: RatchetTree): number {
  return countChanged(before.root, after.root);
}

function countChanged(before: Slot | undefined, after: Slot): number {
  if (before === undefined) return 1 + countBelow(undefined, undefined, after);
  // A tree that was extended has the old root at its left edge, one that was truncated is at the left edge of the old.
  if (before.index > after.index && before.kind === 'parent') return countChanged(before.left, after);
  if (before.index < after.index) return 1 + countBelow(before, undefined, after);
  if (before === after) return 0;
  return before.kind === 'leaf' ? 1 : 1 + countBelow(before.left, before.right, after);
}

function countBelow(left: Slot | undefined, right: Slot | undefined, after: Slot): number {
  return after.kind === 'leaf' ? 0 : countChanged(left, after.left) + countChanged(right, after.right);
}

/** Counts the nodes of a committer's path that a receiver derives: those above both. The tree is the one after the commit. */
export function derivedNodesOf(tree: RatchetTree, committer: number, receiver: number): number {
  const above = new Set<number>(nodesAboveLeaf(tree, receiver));
  return nodesAboveLeaf(tree, committer).filter((index) => above.has(index)).length;
}

/** The nodes above a leaf that are not blank: those of its path, when it has just committed. */
function nodesAboveLeaf(tree: RatchetTree, leafIndex: number): readonly number[] {
  return tree
    .directPath(toLeafIndex(leafIndex))
    .filter(({ node }) => node !== undefined)
    .map(({ index }) => index);
}
