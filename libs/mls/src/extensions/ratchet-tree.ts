/**
 * The ratchet tree as it travels: the nodes in array order, blank ones at the end left out (RFC 9420 §12.4.3.3).
 *
 * @module
 */

import { optional, select, struct, uint8, vector, type TypeOf } from '@canopy/codec';
import { refuse } from '../errors.ts';
import { LeafNode } from '../tree/leaf-node.ts';
import { fullLeafCount, leafOfNode, leftOf, rightOf, rootOf, type NodeIndex } from '../tree/math.ts';
import { ParentNode } from '../tree/parent-node.ts';
import { RatchetTree } from '../tree/ratchet-tree.ts';
import { leafSlot, parentSlot, type Slot } from '../tree/slot.ts';
import { TreeIndex, TreeIndexDelta } from '../tree/tree-index.ts';

/** Which of the two a node is (RFC 9420 §12.4.3.3). */
export const NodeType = { leaf: 1, parent: 2 } as const;

/** A node that is not blank (RFC 9420 §12.4.3.3). */
export const Node = select('nodeType', uint8, {
  [NodeType.leaf]: struct({ leafNode: LeafNode }),
  [NodeType.parent]: struct({ parentNode: ParentNode }),
});
/** A node that is not blank (RFC 9420 §12.4.3.3). */
export type Node = TypeOf<typeof Node>;

/** The content of the `ratchet_tree` extension (RFC 9420 §12.4.3.3). */
export const RatchetTreeNodes = vector(optional(Node));
/** The content of the `ratchet_tree` extension (RFC 9420 §12.4.3.3). */
export type RatchetTreeNodes = TypeOf<typeof RatchetTreeNodes>;

/**
 * Makes a tree from the nodes that travelled; nothing but its shape is checked here.
 *
 * @throws MlsError INVALID_RATCHET_TREE when it is empty, ends with a blank node, or has a node of the wrong kind
 */
export function treeFromNodes(nodes: RatchetTreeNodes): RatchetTree {
  const last = nodes.at(-1);
  if (nodes.length === 0) refuse('INVALID_RATCHET_TREE', 'R12.4.3.3-06', 'a tree has at least one node');
  if (last === undefined) refuse('INVALID_RATCHET_TREE', 'R12.4.3.3-04', 'the last node is blank');
  if (last.nodeType !== NodeType.leaf) {
    refuse('INVALID_RATCHET_TREE', 'R12.4.3.3-07', 'the last node is a parent over no leaf');
  }
  const leafCount = fullLeafCount((nodes.length + 1) / 2);
  const delta = new TreeIndexDelta();
  const root = slotFromNodes(nodes, rootOf(leafCount), delta);
  return new RatchetTree(root, TreeIndex.from(delta));
}

function slotFromNodes(nodes: RatchetTreeNodes, index: NodeIndex, delta: TreeIndexDelta): Slot {
  const left = leftOf(index);
  const right = rightOf(index);
  if (left === undefined || right === undefined) {
    const leaf = leafFrom(nodes, index);
    delta.replace(undefined, leaf);
    return leafSlot(leafOfNode(index), leaf);
  }
  const parent = parentFrom(nodes, index);
  delta.replace(undefined, parent);
  return parentSlot(index, parent, slotFromNodes(nodes, left, delta), slotFromNodes(nodes, right, delta));
}

function leafFrom(nodes: RatchetTreeNodes, index: NodeIndex): LeafNode | undefined {
  const node = nodes[index];
  if (node?.nodeType === NodeType.parent) wrongKind(index);
  return node?.leafNode;
}

function parentFrom(nodes: RatchetTreeNodes, index: NodeIndex): ParentNode | undefined {
  const node = nodes[index];
  if (node?.nodeType === NodeType.leaf) wrongKind(index);
  return node?.parentNode;
}

function wrongKind(index: NodeIndex): never {
  refuse('INVALID_RATCHET_TREE', 'R12.4.3.3-02', `the node at ${index} is of the wrong kind`);
}

/** Gives the nodes of a tree as they travel (RFC 9420 §12.4.3.3). */
export function nodesOfTree(tree: RatchetTree): RatchetTreeNodes {
  const nodes: (Node | undefined)[] = [];
  collectNodes(tree.root, nodes);
  while (nodes.length > 0 && nodes.at(-1) === undefined) nodes.pop();
  return nodes;
}

function collectNodes(slot: Slot, into: (Node | undefined)[]): void {
  if (slot.kind === 'leaf') {
    into.push(slot.node && { nodeType: NodeType.leaf, leafNode: slot.node });
    return;
  }
  collectNodes(slot.left, into);
  into.push(slot.node && { nodeType: NodeType.parent, parentNode: slot.node });
  collectNodes(slot.right, into);
}
