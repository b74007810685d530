/**
 * When a whole tree that was received is valid (RFC 9420 §12.4.3.1).
 *
 * @module
 */

import { equal, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import { isLeafBelow, nodeOfLeaf, type LeafIndex } from './math.ts';
import { verifyParentHashes } from './parent-hash.ts';
import { isUnmerged, type ParentNode } from './parent-node.ts';
import type { RatchetTree } from './ratchet-tree.ts';
import { childrenTowards, findSlot, type ParentSlot, type Slot } from './slot.ts';
import { treeHash } from './tree-hash.ts';
import { validateEncryptionKey } from './validate-keys.ts';
import {
  demandsOf,
  validateLeafNode,
  validatePlaceInTree,
  validateSupport,
  type LeafValidation,
} from './validate-leaf-node.ts';

/** Validates a received tree against the group's context, every leaf and every parent (R12.4.3.1-10, R12.4.3.1-11). */
export function validateTree(tree: RatchetTree, context: GroupContext, by: LeafValidation): void {
  validateTreeHash(tree, context, by.suite);
  validateParents(tree, tree.root, by.suite);
  verifyParentHashes(by.suite, tree.root);
  const demands = demandsOf(context);
  for (const { leafIndex, leafNode } of tree.members()) {
    validateLeafNode(leafNode, { groupId: context.groupId, leafIndex }, by);
    validateSupport(leafNode, demands);
    validatePlaceInTree(leafNode, tree);
  }
}

function validateTreeHash(tree: RatchetTree, context: GroupContext, suite: CipherSuite): void {
  if (!equal(treeHash(suite, tree.root), context.treeHash)) {
    refuse('TREE_HASH_MISMATCH', 'R12.4.3.1-09', 'the ratchet tree is not the one of the group context');
  }
}

function validateParents(tree: RatchetTree, slot: Slot, suite: CipherSuite): void {
  if (slot.kind === 'leaf' || slot.occupied === 0) return;
  if (slot.node !== undefined) {
    validateParentKey(tree, slot.node, suite);
    validateUnmergedLeaves(slot, slot.node);
  }
  validateParents(tree, slot.left, suite);
  validateParents(tree, slot.right, suite);
}

function validateParentKey(tree: RatchetTree, node: ParentNode, suite: CipherSuite): void {
  validateEncryptionKey(node.encryptionKey, suite);
  if (tree.index.countEncryptionKey(node.encryptionKey) > 1) {
    refuse('DUPLICATE_KEY', 'R12.4.3.1-14', 'the key of a parent node occurs in another node');
  }
}

function validateUnmergedLeaves(slot: ParentSlot, node: ParentNode): void {
  let before = -1;
  for (const leaf of node.unmergedLeaves) {
    if (leaf <= before) refuse('INVALID_UNMERGED_LEAVES', 'R7.1-01', 'unmerged leaves are not sorted');
    before = leaf;
    validateUnmergedLeaf(slot, leaf);
  }
}

function validateUnmergedLeaf(slot: ParentSlot, leaf: LeafIndex): void {
  if (!isLeafBelow(leaf, slot.index) || findSlot(slot, nodeOfLeaf(leaf)).node === undefined) {
    refuse('INVALID_UNMERGED_LEAVES', 'R12.4.3.1-12', `${leaf} is not a member below node ${slot.index}`);
  }
  let between = childrenTowards(slot, leaf).on;
  while (between.kind === 'parent') {
    if (between.node !== undefined && !isUnmerged(between.node, leaf)) {
      refuse('INVALID_UNMERGED_LEAVES', 'R12.4.3.1-13', `node ${between.index} does not list leaf ${leaf}`);
    }
    between = childrenTowards(between, leaf).on;
  }
}
