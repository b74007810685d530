/**
 * Hashes that bind a parent node to the commit that made it (RFC 9420 §7.9).
 *
 * @module
 */

import { Writer } from '@canopy/codec';
import { equal, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { parentHashOfLeaf } from './leaf-node.ts';
import { isLeafBelow, leafOfNode, type LeafIndex } from './math.ts';
import type { ParentNode } from './parent-node.ts';
import { resolutionOf, type OccupiedSlot, type ParentSlot, type Slot } from './slot.ts';
import { hashLeaf, hashParent, treeHashText } from './tree-hash.ts';

/** Computes the parent hash of a node with a child on the copath (RFC 9420 §7.9: ParentHashInput). */
export function parentHash(
  suite: CipherSuite,
  { encryptionKey, parentHash: above }: Pick<ParentNode, 'encryptionKey' | 'parentHash'>,
  originalSiblingTreeHash: string,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.opaque(encryptionKey);
    writer.opaque(above);
    writer.opaqueText(originalSiblingTreeHash);
    return suite.hash.digest(writer.written);
  });
}

/** Gives the tree hash that a subtree had before the given leaves were added to it (RFC 9420 §7.9). */
export function originalTreeHash(suite: CipherSuite, slot: Slot, unmerged: readonly LeafIndex[]): string {
  const inside = unmerged.filter((leaf) => isLeafBelow(leaf, slot.index));
  if (inside.length === 0) return treeHashText(suite, slot);
  if (slot.kind === 'leaf') return hashLeaf(suite, slot.index, undefined);
  const node = slot.node && withoutUnmerged(slot.node, new Set(inside));
  return hashParent(
    suite,
    node,
    originalTreeHash(suite, slot.left, inside),
    originalTreeHash(suite, slot.right, inside),
  );
}

function withoutUnmerged(node: ParentNode, leaves: ReadonlySet<LeafIndex>): ParentNode {
  return { ...node, unmergedLeaves: node.unmergedLeaves.filter((leaf) => !leaves.has(leaf)) };
}

function parentHashOf(slot: OccupiedSlot): Uint8Array | undefined {
  if (slot.kind === 'parent') return slot.node?.parentHash;
  return slot.node && parentHashOfLeaf(slot.node);
}

/** Says whether the parent has its one link to a descendant on this side (RFC 9420 §7.9.2). */
function isLinkedThrough(suite: CipherSuite, slot: ParentSlot, node: ParentNode, side: Slot): boolean {
  const sibling = side === slot.left ? slot.right : slot.left;
  const unmergedHere = new Set(node.unmergedLeaves.filter((leaf) => isLeafBelow(leaf, side.index)));
  const resolution = resolutionOf(side);
  // The resolution without the descendant has to be exactly the unmerged leaves: one entry is left over.
  const rest = resolution.filter(
    (entry) => entry.kind === 'parent' || !unmergedHere.has(leafOfNode(entry.index)),
  );
  const [descendant] = rest;
  if (descendant === undefined || rest.length > 1) return false;
  if (resolution.length !== unmergedHere.size + 1) return false;
  const found = parentHashOf(descendant);
  if (found === undefined) return false;
  return equal(found, parentHash(suite, node, originalTreeHash(suite, sibling, node.unmergedLeaves)));
}

/**
 * Verifies that each parent below a place descends from a commit of a member: exactly one valid link (RFC 9420 §7.9.2).
 *
 * @throws MlsError PARENT_HASH_MISMATCH
 */
export function verifyParentHashes(suite: CipherSuite, slot: Slot): void {
  if (slot.kind === 'leaf') return;
  if (slot.node !== undefined) {
    const { node } = slot;
    const links = [slot.left, slot.right].filter((side) => isLinkedThrough(suite, slot, node, side));
    if (links.length !== 1) {
      refuse(
        'PARENT_HASH_MISMATCH',
        'R7.9.2-03',
        `node ${slot.index} has ${links.length} valid links, expected 1`,
      );
    }
  }
  if (slot.occupied === 0) return;
  verifyParentHashes(suite, slot.left);
  verifyParentHashes(suite, slot.right);
}
