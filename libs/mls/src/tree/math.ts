/**
 * Index arithmetic of the perfect binary tree in array form (RFC 9420 §4.1, Appendix C).
 *
 * ```
 *                7               a node's level is the number of its trailing one bits;
 *        3               11      leaf i stands at array position 2i
 *    1       5       9       13
 *  0   2   4   6   8  10  12  14
 * ```
 *
 * @module
 */

import { uint32, type Codec } from '@canopy/codec';

declare const leafIndexBrand: unique symbol;
declare const nodeIndexBrand: unique symbol;

/** The position of a leaf among the leaves, from 0. */
export type LeafIndex = number & { readonly [leafIndexBrand]: true };
/** The position of a node in the array form of the tree, from 0. */
export type NodeIndex = number & { readonly [nodeIndexBrand]: true };

/** Makes a number a leaf index. */
export function toLeafIndex(value: number): LeafIndex {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the one place where the brand is given
  return value as LeafIndex;
}

/** Makes a number a node index. */
export function toNodeIndex(value: number): NodeIndex {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the one place where the brand is given
  return value as NodeIndex;
}

/** A leaf index on the wire: `uint32 leaf_index`. */
export const LeafIndexCodec: Codec<LeafIndex> = {
  write: (writer, value) => uint32.write(writer, value),
  read: (reader) => toLeafIndex(uint32.read(reader)),
};

/** Gives the node of a leaf. */
export function nodeOfLeaf(leaf: LeafIndex): NodeIndex {
  return toNodeIndex(2 * leaf);
}

/** Gives the leaf of a node at an even position. */
export function leafOfNode(node: NodeIndex): LeafIndex {
  // A shift gives small integers where a division gives numbers with a box around them, in every place of a tree.
  return toLeafIndex(node >>> 1);
}

/** Says whether a node is a leaf. */
export function isLeaf(node: NodeIndex): boolean {
  return node % 2 === 0;
}

/** Gives the height of a node above the leaves: the number of trailing one bits of its index. */
export function levelOf(node: NodeIndex): number {
  // Adding one carries through the trailing ones; what is left of the lowest set bit is their number.
  return 31 - Math.clz32((node + 1) & -(node + 1));
}

/** Gives the number of nodes of a tree with this many leaves, a power of two. */
export function nodeCount(leafCount: number): number {
  return 2 * leafCount - 1;
}

/** Gives the root of a tree with this many leaves, a power of two. */
export function rootOf(leafCount: number): NodeIndex {
  return toNodeIndex(leafCount - 1);
}

/** Gives the left child of a parent node; undefined for a leaf. */
export function leftOf(node: NodeIndex): NodeIndex | undefined {
  const level = levelOf(node);
  return level === 0 ? undefined : toNodeIndex(node - (1 << (level - 1)));
}

/** Gives the right child of a parent node; undefined for a leaf. */
export function rightOf(node: NodeIndex): NodeIndex | undefined {
  const level = levelOf(node);
  return level === 0 ? undefined : toNodeIndex(node + (1 << (level - 1)));
}

/** Gives the parent of a node in a tree with this many leaves; undefined for the root. */
export function parentOf(node: NodeIndex, leafCount: number): NodeIndex | undefined {
  if (node === rootOf(leafCount)) return undefined;
  const step = 2 ** levelOf(node);
  const isLeftChild = Math.floor(node / (2 * step)) % 2 === 0;
  return toNodeIndex(isLeftChild ? node + step : node - step);
}

/** Gives the other child of a node's parent; undefined for the root. */
export function siblingOf(node: NodeIndex, leafCount: number): NodeIndex | undefined {
  const parent = parentOf(node, leafCount);
  if (parent === undefined) return undefined;
  return node < parent ? rightOf(parent) : leftOf(parent);
}

/** Gives the first and the last leaf below a node. */
export function leavesBelow(node: NodeIndex): { readonly first: LeafIndex; readonly last: LeafIndex } {
  const reach = 2 ** levelOf(node) - 1;
  return { first: leafOfNode(toNodeIndex(node - reach)), last: leafOfNode(toNodeIndex(node + reach)) };
}

/** Says whether a leaf is the node itself or stands below it. */
export function isLeafBelow(leaf: LeafIndex, node: NodeIndex): boolean {
  const { first, last } = leavesBelow(node);
  return first <= leaf && leaf <= last;
}

/** Gives the lowest node that has both leaves below it. */
export function commonAncestor(a: LeafIndex, b: LeafIndex): NodeIndex {
  let node = nodeOfLeaf(a);
  for (let level = 0; !isLeafBelow(b, node); level++) {
    const step = 2 ** level;
    node = toNodeIndex(Math.floor(node / (2 * step)) % 2 === 0 ? node + step : node - step);
  }
  return node;
}

/** Gives the smallest power of two that is at least this many. */
export function fullLeafCount(leaves: number): number {
  let count = 1;
  while (count < leaves) count *= 2;
  return count;
}
