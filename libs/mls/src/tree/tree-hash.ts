/**
 * Hashes that stand for a subtree (RFC 9420 §7.8).
 *
 * @module
 */

import { Writer } from '@canopy/codec';
import { bytesOfText, type CipherSuite } from '@canopy/crypto';
import { LeafNode } from './leaf-node.ts';
import { leafOfNode } from './math.ts';
import { ParentNode } from './parent-node.ts';
import type { Slot } from './slot.ts';

/** Gives the tree hash of a place (RFC 9420 §7.8). */
export function treeHash(suite: CipherSuite, slot: Slot): Uint8Array {
  return bytesOfText(treeHashText(suite, slot));
}

/** Gives the tree hash of a place as text; kept in the place, which never changes (RFC 9420 §7.8). */
export function treeHashText(suite: CipherSuite, slot: Slot): string {
  slot.treeHash ??= computeTreeHash(suite, slot);
  return slot.treeHash;
}

function computeTreeHash(suite: CipherSuite, slot: Slot): string {
  if (slot.kind === 'leaf') return hashLeaf(suite, slot.index, slot.node);
  return hashParent(suite, slot.node, treeHashText(suite, slot.left), treeHashText(suite, slot.right));
}

/** Hashes a leaf's input: node type, leaf index, optional leaf (RFC 9420 §7.8: LeafNodeHashInput). */
export function hashLeaf(suite: CipherSuite, index: Slot['index'], leaf: LeafNode | undefined): string {
  return Writer.lend((writer) => {
    writer.uint(1, 1);
    writer.uint(leafOfNode(index), 4);
    writer.uint(leaf === undefined ? 0 : 1, 1);
    if (leaf !== undefined) LeafNode.write(writer, leaf);
    return suite.hash.digestText(writer.written);
  });
}

/** Hashes a parent's input: node type, optional parent, both children's hashes (RFC 9420 §7.8: ParentNodeHashInput). */
export function hashParent(
  suite: CipherSuite,
  node: ParentNode | undefined,
  left: string,
  right: string,
): string {
  return Writer.lend((writer) => {
    writer.uint(2, 1);
    writer.uint(node === undefined ? 0 : 1, 1);
    if (node !== undefined) ParentNode.write(writer, node);
    writer.opaqueText(left);
    writer.opaqueText(right);
    return suite.hash.digestText(writer.written);
  });
}
