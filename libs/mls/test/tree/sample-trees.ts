import { encode } from '@canopy/codec';

import { nodesOfTree, RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { createKeyPackageLeaf } from '../../src/key-packages/create-key-package.ts';
import { createPath } from '../../src/tree/create-path.ts';
import { LeafNodeSource, signLeafNode, type LeafNode } from '../../src/tree/leaf-node.ts';
import type { LeafIndex } from '../../src/tree/math.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { choices, lifetime, party, suite1 } from '../parties.ts';

/*
 * Trees that random Adds, Updates, Removes and paths have made, and the plain array form of a tree: slow versions of
 * the clever parts are written against that array, in the words of the RFC.
 */

export type Nodes = RatchetTreeNodes;

export const GROUP_ID = Uint8Array.of(1, 2, 3);
const client = party('anybody').identity;
const { privateKey } = client.signatureKeyPair;

/** A leaf as it comes in an Add. */
export function newLeaf(capabilities: Partial<LeafNode['capabilities']> = {}): LeafNode {
  const identity = { ...client, capabilities: { ...client.capabilities, ...capabilities } };
  return createKeyPackageLeaf({ suite: suite1, identity, lifetime, grease: true }).leafNode;
}

function updated(leaf: LeafNode, leafIndex: LeafIndex): LeafNode {
  const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.update };
  const { signatureKey, credential, capabilities, extensions } = leaf;
  const content = { encryptionKey, signatureKey, credential, capabilities, source, extensions };
  return signLeafNode(suite1, content, privateKey, { groupId: GROUP_ID, leafIndex });
}

/** Commits a path of a member. */
export function withPath(tree: RatchetTree, sender: LeafIndex): RatchetTree {
  const leaf = tree.findLeaf(sender);
  if (leaf === undefined) throw new Error('a member expected');
  const newLeaves = new Set<LeafIndex>();
  return createPath({
    suite: suite1,
    tree,
    groupId: GROUP_ID,
    sender,
    leaf,
    signaturePrivateKey: privateKey,
    newLeaves,
  }).tree;
}

/** Changes a tree at random, as the proposals of a commit and its path would; never removes the last member. */
export function changed(tree: RatchetTree, pick: (below: number) => number): RatchetTree {
  const members = [...tree.members()];
  const chosen = members[pick(members.length)];
  if (chosen === undefined) throw new Error('a member expected');
  const editor = tree.edit();
  switch (pick(4)) {
    case 0:
    case 1: {
      const extensions = [0xf000 + pick(3), 0xf000 + pick(3)];
      for (let count = pick(3); count >= 0; count--) editor.addLeaf(newLeaf({ extensions }));
      return editor.finish();
    }
    case 2:
      if (members.length === 1) return tree;
      editor.removeLeaf(chosen.leafIndex);
      editor.truncate();
      return editor.finish();
    default:
      if (pick(2) === 0) return withPath(tree, chosen.leafIndex);
      editor.updateLeaf(chosen.leafIndex, updated(chosen.leafNode, chosen.leafIndex));
      return editor.finish();
  }
}

/** Gives the versions of a tree over a number of random changes, oldest first. */
export function history(seed: number, steps: number): RatchetTree[] {
  const pick = choices(seed);
  const versions = [RatchetTree.ofOne(newLeaf())];
  for (let count = 0; count < steps; count++) {
    const last = versions.at(-1);
    if (last !== undefined) versions.push(changed(last, pick));
  }
  return versions;
}

/** The array form, filled up with blanks to a full tree. */
export function arrayOf(tree: RatchetTree): Nodes {
  const nodes = [...nodesOfTree(tree)];
  while (nodes.length < 2 * tree.leafCount - 1) nodes.push(undefined);
  return nodes;
}

/** A tree made anew from its bytes: nothing that was kept is left. */
export function afresh(tree: RatchetTree): RatchetTree {
  return treeFromNodes(structuredClone(nodesOfTree(tree)));
}

/** The bytes of a tree. */
export function bytesOf(tree: RatchetTree): Uint8Array {
  return encode(RatchetTreeNodes, nodesOfTree(tree));
}
