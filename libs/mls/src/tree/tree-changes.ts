/**
 * How one ratchet tree differs from another: the nodes that a commit replaced, and a tree with them put in place.
 *
 * Places that both trees share are passed over unseen, so what a commit changed is found in log n steps.
 *
 * @module
 */

import { InternalError } from '../errors.ts';
import { NodeType, type Node } from '../extensions/ratchet-tree.ts';
import type { LeafNode } from './leaf-node.ts';
import { isLeaf, leafOfNode, nodeCount, toNodeIndex, type NodeIndex } from './math.ts';
import { countWhile } from './ordered.ts';
import type { ParentNode } from './parent-node.ts';
import { RatchetTree } from './ratchet-tree.ts';
import { blankSlot, leafSlot, occupiedOf, parentSlot, type Slot } from './slot.ts';
import { TreeIndex, TreeIndexDelta } from './tree-index.ts';

/** A place whose node is another one now; undefined for blank. */
export interface NodeChange {
  readonly index: NodeIndex;
  readonly after: Node | undefined;
}

/** Finds the nodes that differ between two trees, which may be of different sizes; all of them without a tree before. */
export function* nodeChanges(before: Slot | undefined, after: Slot): Generator<NodeChange> {
  if (before === after) return;
  if (before === undefined || before.index < after.index) yield* changesWhereGrown(before, after);
  else if (before.index > after.index) yield* changesWhereCut(before, after);
  else yield* changesAtOnePlace(before, after);
}

function* changesWhereGrown(before: Slot | undefined, after: Slot): Generator<NodeChange> {
  if (occupiedOf(after) === 0 && before === undefined) return;
  yield* changeOfNode(undefined, after);
  if (after.kind === 'leaf') return;
  yield* nodeChanges(before, after.left);
  yield* nodeChanges(undefined, after.right);
}

function* changesWhereCut(before: Slot, after: Slot): Generator<NodeChange> {
  if (before.kind === 'leaf') return;
  if (before.node !== undefined) yield { index: before.index, after: undefined };
  yield* nodeChanges(before.left, after);
  yield* blanked(before.right);
}

function* blanked(slot: Slot): Generator<NodeChange> {
  if (occupiedOf(slot) === 0) return;
  if (slot.node !== undefined) yield { index: slot.index, after: undefined };
  if (slot.kind === 'leaf') return;
  yield* blanked(slot.left);
  yield* blanked(slot.right);
}

function* changesAtOnePlace(before: Slot, after: Slot): Generator<NodeChange> {
  yield* changeOfNode(before, after);
  if (before.kind === 'leaf' || after.kind === 'leaf') return;
  yield* nodeChanges(before.left, after.left);
  yield* nodeChanges(before.right, after.right);
}

function* changeOfNode(before: Slot | undefined, after: Slot): Generator<NodeChange> {
  if (before?.node !== after.node) yield { index: after.index, after: nodeAt(after) };
}

function nodeAt(slot: Slot): Node | undefined {
  if (slot.kind === 'leaf') return slot.node && { nodeType: NodeType.leaf, leafNode: slot.node };
  return slot.node && { nodeType: NodeType.parent, parentNode: slot.node };
}

/** Gives a tree of a size with changed nodes; what was not touched is shared. The size has to hold all nodes. */
export function withNodeChanges(
  tree: RatchetTree,
  leafCount: number,
  changes: Iterable<NodeChange>,
): RatchetTree {
  const delta = new TreeIndexDelta();
  const root = resized(tree.root, Math.max(leafCount, tree.leafCount));
  const changed = withChanges(root, sorted(changes, root), delta);
  return new RatchetTree(resized(changed, leafCount), tree.index.changedBy(delta));
}

/** Makes a tree of a size from its nodes. */
export function treeOfNodes(leafCount: number, nodes: Iterable<NodeChange>): RatchetTree {
  const delta = new TreeIndexDelta();
  const root = blankSlot(toNodeIndex(leafCount - 1));
  return new RatchetTree(withChanges(root, sorted(nodes, root), delta), TreeIndex.from(delta));
}

function sorted(changes: Iterable<NodeChange>, root: Slot): readonly NodeChange[] {
  const inOrder = [...changes].toSorted((a, b) => a.index - b.index);
  if ((inOrder.at(-1)?.index ?? 0) >= nodeCount(root.index + 1)) {
    throw new InternalError('a node outside of the tree');
  }
  return inOrder;
}

function resized(root: Slot, leafCount: number): Slot {
  let slot = root;
  while (slot.index + 1 < leafCount) {
    const index = toNodeIndex(2 * slot.index + 1);
    slot = parentSlot(index, undefined, slot, blankSlot(toNodeIndex(index + (index + 1) / 2)));
  }
  while (slot.index + 1 > leafCount && slot.kind === 'parent') slot = slot.left;
  return slot;
}

function withChanges(slot: Slot, changes: readonly NodeChange[], delta: TreeIndexDelta): Slot {
  if (changes.length === 0) return slot;
  const before = countWhile(changes, ({ index }) => index < slot.index);
  const own = changes[before]?.index === slot.index ? changes[before] : undefined;
  if (slot.kind === 'leaf') {
    const node = own === undefined ? slot.node : leafIn(own);
    delta.replace(slot.node, node);
    return leafSlot(leafOfNode(slot.index), node);
  }
  const node = own === undefined ? slot.node : parentIn(own);
  delta.replace(slot.node, node);
  return parentSlot(
    slot.index,
    node,
    withChanges(slot.left, changes.slice(0, before), delta),
    withChanges(slot.right, changes.slice(own === undefined ? before : before + 1), delta),
  );
}

function leafIn({ after }: NodeChange): LeafNode | undefined {
  if (after?.nodeType === NodeType.parent) throw new InternalError('a parent in the place of a leaf');
  return after?.leafNode;
}

function parentIn({ after }: NodeChange): ParentNode | undefined {
  if (after?.nodeType === NodeType.leaf) throw new InternalError('a leaf in the place of a parent');
  return after?.parentNode;
}

/** Says whether a node is of the kind that stands at a place. */
export function fitsPlace({ index, after }: NodeChange): boolean {
  return after === undefined || isLeaf(index) === (after.nodeType === NodeType.leaf);
}
