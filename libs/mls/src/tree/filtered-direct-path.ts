/**
 * The nodes that a commit gives new keys to (RFC 9420 §4.1.2).
 *
 * @module
 */

import { leafOfNode, type LeafIndex } from './math.ts';
import type { RatchetTree } from './ratchet-tree.ts';
import {
  childrenTowards,
  occupiedOf,
  resolutionOf,
  type OccupiedSlot,
  type ParentSlot,
  type Slot,
} from './slot.ts';

/** A node of a filtered direct path, with the child on the copath. */
export interface PathStep {
  readonly slot: ParentSlot;
  readonly copath: Slot;
}

/** Gives the filtered direct path of a leaf, leaf to root: without nodes whose copath child has an empty resolution. */
export function filteredDirectPath(tree: RatchetTree, leafIndex: LeafIndex): readonly PathStep[] {
  return tree
    .directPath(leafIndex)
    .map((slot) => ({ slot, copath: childrenTowards(slot, leafIndex).off }))
    .filter(({ copath }) => occupiedOf(copath) > 0);
}

/** Gives whom the path secret of a step is encrypted to: the copath child's resolution without new leaves (RFC 9420 §7.5). */
export function recipientsOf(step: PathStep, newLeaves: ReadonlySet<LeafIndex>): readonly OccupiedSlot[] {
  const resolution = resolutionOf(step.copath);
  if (newLeaves.size === 0) return resolution;
  return resolution.filter((slot) => slot.kind === 'parent' || !newLeaves.has(leafOfNode(slot.index)));
}
