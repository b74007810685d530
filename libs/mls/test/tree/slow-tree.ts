import { encode, opaque, optional, struct, uint32, uint8 } from '@canopy/codec';
import { equal, type CipherSuite } from '@canopy/crypto';

import { LeafNode } from '../../src/tree/leaf-node.ts';
import {
  isLeafBelow,
  leftOf,
  nodeOfLeaf,
  parentOf,
  rightOf,
  siblingOf,
  toLeafIndex,
  toNodeIndex,
  type LeafIndex,
  type NodeIndex,
} from '../../src/tree/math.ts';
import { ParentNode } from '../../src/tree/parent-node.ts';
import { suite1 } from '../parties.ts';
import type { Nodes } from './sample-trees.ts';

/*
 * The clever parts of the tree once more, slow and plain: on the array of nodes, in the words of the RFC, nothing kept.
 */

/** The resolution of a node (RFC 9420 §4.1.1). */
export function resolution(nodes: Nodes, index: NodeIndex): number[] {
  const node = nodes[index];
  const left = leftOf(index);
  const right = rightOf(index);
  if (node?.nodeType === 2) return [index, ...node.parentNode.unmergedLeaves.map((leaf) => 2 * leaf)];
  if (node?.nodeType === 1) return [index];
  if (left === undefined || right === undefined) return [];
  return [...resolution(nodes, left), ...resolution(nodes, right)];
}

/** The filtered direct path of a leaf, each node with its child on the copath (RFC 9420 §4.1.2). */
export function filtered(nodes: Nodes, leaf: LeafIndex): [node: NodeIndex, copath: NodeIndex][] {
  const leafCount = (nodes.length + 1) / 2;
  const result: [NodeIndex, NodeIndex][] = [];
  let child = nodeOfLeaf(leaf);
  for (let parent = parentOf(child, leafCount); parent !== undefined; parent = parentOf(child, leafCount)) {
    const sibling = siblingOf(child, leafCount);
    if (sibling !== undefined && resolution(nodes, sibling).length > 0) result.push([parent, sibling]);
    child = parent;
  }
  return result;
}

const LeafInput = struct({ nodeType: uint8, leafIndex: uint32, leafNode: optional(LeafNode) });
const ParentInput = struct({
  nodeType: uint8,
  parentNode: optional(ParentNode),
  left: opaque,
  right: opaque,
});

function slowLeafHash(
  nodes: Nodes,
  index: NodeIndex,
  without: readonly number[],
  suite: CipherSuite,
): Uint8Array {
  const node = nodes[index];
  const isBlank = node?.nodeType !== 1 || without.includes(index / 2);
  const leafNode = isBlank ? undefined : structuredClone(node.leafNode);
  return suite.hash.digest(encode(LeafInput, { nodeType: 1, leafIndex: index / 2, leafNode }));
}

/** The tree hash of a node (RFC 9420 §7.8); leaves in the list count as never added (§7.9). */
export function slowHash(
  nodes: Nodes,
  index: NodeIndex,
  without: readonly number[] = [],
  suite: CipherSuite = suite1,
): Uint8Array {
  const [left, right] = [leftOf(index), rightOf(index)];
  if (left === undefined || right === undefined) return slowLeafHash(nodes, index, without, suite);
  const node = nodes[index];
  const parentNode = node?.nodeType === 2 ? structuredClone(node.parentNode) : undefined;
  const listed = parentNode?.unmergedLeaves.filter((leaf) => !without.includes(leaf)) ?? [];
  const input = {
    nodeType: 2,
    parentNode: parentNode && { ...parentNode, unmergedLeaves: listed },
    left: slowHash(nodes, left, without, suite),
    right: slowHash(nodes, right, without, suite),
  };
  return suite.hash.digest(encode(ParentInput, input));
}

const HashInput = struct({ encryptionKey: opaque, parentHash: opaque, originalSiblingTreeHash: opaque });

/** The parent hash of a node with a child on the copath (RFC 9420 §7.9). */
export function slowParentHash(
  nodes: Nodes,
  parent: NodeIndex,
  copath: NodeIndex,
  suite: CipherSuite = suite1,
): Uint8Array {
  const node = nodes[parent];
  if (node?.nodeType !== 2) throw new Error('a parent expected');
  const { encryptionKey, parentHash, unmergedLeaves } = node.parentNode;
  const originalSiblingTreeHash = slowHash(nodes, copath, unmergedLeaves, suite);
  return suite.hash.digest(encode(HashInput, { encryptionKey, parentHash, originalSiblingTreeHash }));
}

/** The parent hash that a node carries; undefined for a blank one and for a leaf that no commit made. */
export function carriedHash(nodes: Nodes, index: number): Uint8Array | undefined {
  const node = nodes[index];
  if (node?.nodeType === 2) return node.parentNode.parentHash;
  const source = node?.leafNode.source;
  return source?.leafNodeSource === 3 ? source.parentHash : undefined;
}

/** Gives the descendants that have a valid link to a parent (RFC 9420 §7.9.2: the four conditions). */
export function linksTo(nodes: Nodes, parent: NodeIndex, suite: CipherSuite = suite1): number[] {
  const [left, right] = [leftOf(parent), rightOf(parent)];
  if (nodes[parent]?.nodeType !== 2 || left === undefined || right === undefined) return [];
  const sides = [
    { child: left, sibling: right },
    { child: right, sibling: left },
  ];
  return sides.flatMap(({ child, sibling }) =>
    linksThrough(nodes, parent, child, slowParentHash(nodes, parent, sibling, suite)),
  );
}

function linksThrough(nodes: Nodes, parent: NodeIndex, child: NodeIndex, expected: Uint8Array): number[] {
  const node = nodes[parent];
  const listed = node?.nodeType === 2 ? node.parentNode.unmergedLeaves : [];
  const unmerged = listed.filter((leaf) => isLeafBelow(leaf, child)).map((leaf) => 2 * leaf);
  const inResolution = resolution(nodes, child);
  return inResolution.filter((descendant) => {
    const carried = carriedHash(nodes, descendant);
    const rest = inResolution.filter((entry) => entry !== descendant);
    const isExact = rest.length === unmerged.length && rest.every((entry) => unmerged.includes(entry));
    return carried !== undefined && equal(carried, expected) && isExact;
  });
}

/** All parents of an array that are not blank. */
export function parentsOf(nodes: Nodes): NodeIndex[] {
  return nodes.flatMap((node, index) => (node?.nodeType === 2 ? [toNodeIndex(index)] : []));
}

/** All leaves of an array that are not blank. */
export function leavesOf(nodes: Nodes): LeafIndex[] {
  return nodes.flatMap((node, index) => (node?.nodeType === 1 ? [toLeafIndex(index / 2)] : []));
}
