/**
 * Hashes that stand for a subtree (RFC 9420 §7.8).
 *
 * @module
 */

import { Writer } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';
import { LeafNode } from './leaf-node.ts';
import { leafOfNode } from './math.ts';
import { ParentNode } from './parent-node.ts';
import type { Slot } from './slot.ts';

/** Gives the tree hash of a place; kept in the place, which never changes (RFC 9420 §7.8). */
export function treeHash(suite: CipherSuite, slot: Slot): Uint8Array {
  slot.treeHash ??= computeTreeHash(suite, slot);
  return slot.treeHash;
}

function computeTreeHash(suite: CipherSuite, slot: Slot): Uint8Array {
  if (slot.kind === 'leaf') return hashLeaf(suite, slot.index, slot.node);
  return hashParent(suite, slot.node, treeHash(suite, slot.left), treeHash(suite, slot.right));
}

/** Hashes a leaf's input: node type, leaf index, optional leaf (RFC 9420 §7.8: LeafNodeHashInput). */
export function hashLeaf(suite: CipherSuite, index: Slot['index'], leaf: LeafNode | undefined): Uint8Array {
  return Writer.lend((writer) => {
    writer.uint(1, 1);
    writer.uint(leafOfNode(index), 4);
    writer.uint(leaf === undefined ? 0 : 1, 1);
    if (leaf !== undefined) LeafNode.write(writer, leaf);
    return suite.hash.digest(writer.written);
  });
}

/** Hashes a parent's input: node type, optional parent, both children's hashes (RFC 9420 §7.8: ParentNodeHashInput). */
export function hashParent(
  suite: CipherSuite,
  node: ParentNode | undefined,
  left: Uint8Array,
  right: Uint8Array,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.uint(2, 1);
    writer.uint(node === undefined ? 0 : 1, 1);
    if (node !== undefined) ParentNode.write(writer, node);
    writer.opaque(left);
    writer.opaque(right);
    return suite.hash.digest(writer.written);
  });
}
