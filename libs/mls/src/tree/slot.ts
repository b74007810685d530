/**
 * The places of the ratchet tree, blank or not, as an immutable linked tree (RFC 9420 §4.1).
 *
 * A changed tree shares every untouched slot with the one before: a commit makes log n new slots, an old tree stays
 * valid, and a tree hash that is kept in a slot is by nature never stale.
 *
 * @module
 */

import { required } from '../errors.ts';
import type { LeafNode } from './leaf-node.ts';
import {
  isLeafBelow,
  leafOfNode,
  leftOf,
  nodeOfLeaf,
  rightOf,
  type LeafIndex,
  type NodeIndex,
} from './math.ts';
import type { ParentNode } from './parent-node.ts';

/** The place of a leaf. */
export interface LeafSlot {
  readonly kind: 'leaf';
  readonly index: NodeIndex;
  readonly node: LeafNode | undefined;
  /** Kept by tree-hash.ts (§7.8), as text: two arrays a member would be a fifth of what a large group takes. */
  treeHash: string | undefined;
}

/** The place of an inner node, with what is below it. */
export interface ParentSlot {
  readonly kind: 'parent';
  readonly index: NodeIndex;
  readonly node: ParentNode | undefined;
  readonly left: Slot;
  readonly right: Slot;
  /** How many leaves below are not blank. */
  readonly members: number;
  /** How many nodes here and below, leaves and parents, are not blank. */
  readonly occupied: number;
  /** Kept by tree-hash.ts (§7.8). */
  treeHash: string | undefined;
}

/** A place in the tree. */
export type Slot = LeafSlot | ParentSlot;
/** A place that is not blank. */
export type OccupiedSlot = Slot & { readonly node: LeafNode | ParentNode };

/** Makes the place of a leaf. */
export function leafSlot(leaf: LeafIndex, node: LeafNode | undefined): LeafSlot {
  return { kind: 'leaf', index: nodeOfLeaf(leaf), node, treeHash: undefined };
}

/** Makes the place of an inner node. */
export function parentSlot(
  index: NodeIndex,
  node: ParentNode | undefined,
  left: Slot,
  right: Slot,
): ParentSlot {
  return {
    kind: 'parent',
    index,
    node,
    left,
    right,
    members: membersOf(left) + membersOf(right),
    occupied: (node === undefined ? 0 : 1) + occupiedOf(left) + occupiedOf(right),
    treeHash: undefined,
  };
}

/** Makes a subtree of blank places. */
export function blankSlot(index: NodeIndex): Slot {
  const left = leftOf(index);
  const right = rightOf(index);
  if (left === undefined || right === undefined) return leafSlot(leafOfNode(index), undefined);
  return parentSlot(index, undefined, blankSlot(left), blankSlot(right));
}

/** Gives the number of leaves at or below a place that are not blank. */
export function membersOf(slot: Slot): number {
  if (slot.kind === 'parent') return slot.members;
  return slot.node === undefined ? 0 : 1;
}

/** Gives the number of nodes at or below a place that are not blank. */
export function occupiedOf(slot: Slot): number {
  return slot.kind === 'parent' ? slot.occupied : membersOf(slot);
}

/** Finds the place of a node at or below another place. */
export function findSlot(from: Slot, index: NodeIndex): Slot {
  let slot = from;
  while (slot.index !== index) {
    const parent = required(slot.kind === 'parent' ? slot : undefined, 'a place below the given one');
    slot = index < parent.index ? parent.left : parent.right;
  }
  return slot;
}

/** Gives the child of a place that a leaf stands under, and the other child. */
export function childrenTowards(
  slot: ParentSlot,
  leaf: LeafIndex,
): { readonly on: Slot; readonly off: Slot } {
  return nodeOfLeaf(leaf) < slot.index
    ? { on: slot.left, off: slot.right }
    : { on: slot.right, off: slot.left };
}

function isOccupied(slot: Slot): slot is OccupiedSlot {
  return slot.node !== undefined;
}

/**
 * Gives the resolution of a place: the fewest nodes that cover the members below it (RFC 9420 §4.1.1).
 * The tree has to be one whose unmerged leaves were validated.
 */
export function resolutionOf(slot: Slot): readonly OccupiedSlot[] {
  const result: OccupiedSlot[] = [];
  collectResolution(slot, result);
  return result;
}

function collectResolution(slot: Slot, into: OccupiedSlot[]): void {
  if (occupiedOf(slot) === 0) return;
  if (slot.kind === 'parent' && slot.node === undefined) {
    collectResolution(slot.left, into);
    collectResolution(slot.right, into);
    return;
  }
  if (isOccupied(slot)) into.push(slot);
  if (slot.kind === 'parent') {
    for (const leaf of slot.node?.unmergedLeaves ?? []) collectUnmerged(slot, leaf, into);
  }
}

// An entry outside of the subtree is refused by validate-tree.ts; until then it is passed over here.
function collectUnmerged(slot: ParentSlot, leaf: LeafIndex, into: OccupiedSlot[]): void {
  if (!isLeafBelow(leaf, slot.index)) return;
  const found = findSlot(slot, nodeOfLeaf(leaf));
  if (isOccupied(found)) into.push(found);
}
