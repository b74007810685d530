/**
 * What everybody checks who is told of a group: added by a Welcome, or joining by itself (RFC 9420 §12.4.3).
 *
 * @module
 */

import { CryptoError, equal, isSupportedCipherSuite, type CipherSuite } from '@canopy/crypto';
import type { IdentityQuestion } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import { findExtension } from '../extensions/extension.ts';
import { RatchetTreeNodes, treeFromNodes } from '../extensions/ratchet-tree.ts';
import type { Inquiry } from '../group/ask-ahead.ts';
import type { GroupState } from '../group/state.ts';
import { ExtensionType, ProtocolVersion } from '../registries.ts';
import { presentedSendersOf, type GroupContext } from '../schedule/group-context.ts';
import { signatureOfLeaf } from '../tree/leaf-node.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { SignatureClaim } from '../tree/signature-answers.ts';
import type { LeafValidation } from '../tree/validate-leaf-node.ts';
import { treeHash } from '../tree/tree-hash.ts';
import { validateTree } from '../tree/validate-tree.ts';
import { verifyGroupInfo, type GroupInfo } from './group-info.ts';

/** Says whether a client is in a group already, by the group's id. */
export type IsMember = (groupId: Uint8Array) => boolean;

/**
 * Requires a group that the client is not in (R12.4.3-05). A group may take over the id of the one that it continues,
 * since that one has ended (§11.2).
 *
 * @throws MlsError ALREADY_MEMBER
 */
export function requireOtherGroup(
  { groupContext: { groupId } }: GroupInfo,
  client: { readonly isMember?: IsMember | undefined; readonly oldGroup?: GroupState | undefined },
): void {
  const old = client.oldGroup;
  if (old?.status.kind === 'reinitialized' && equal(old.groupContext.groupId, groupId)) return;
  if (client.isMember?.(groupId) === true) {
    refuse('ALREADY_MEMBER', 'R12.4.3-05', 'the client is in a group of this id already');
  }
}

/** Gives the tree of a GroupInfo: the one inside, or the one that was fetched (R12.4.3.1-21). */
export function treeOf(groupInfo: GroupInfo, ratchetTree: RatchetTree | undefined): RatchetTree {
  const inside = findExtension(groupInfo.extensions, ExtensionType.ratchetTree, RatchetTreeNodes);
  if (inside !== undefined) return treeFromNodes(inside);
  if (ratchetTree === undefined) {
    refuse('RATCHET_TREE_REQUIRED', 'R12.4.3.1-21', 'the ratchet tree is neither inside nor given');
  }
  return ratchetTree;
}

/** Requires a GroupInfo of a supported suite that a member of the tree signed (R12.4.3-06, R12.4.3.1-08). */
export function validateGroupInfo(suite: CipherSuite, groupInfo: GroupInfo, tree: RatchetTree): void {
  const { groupContext, signer } = groupInfo;
  if (groupContext.version !== ProtocolVersion.mls10) {
    refuse('UNSUPPORTED_VERSION', '§12.4.3.1', `version ${groupContext.version} is not supported`);
  }
  if (!isSupportedCipherSuite(groupContext.cipherSuite) || groupContext.cipherSuite !== suite.id) {
    refuse(
      'WRONG_CIPHER_SUITE',
      'R12.4.3.1-08',
      `cipher suite ${suite.id} expected, found ${groupContext.cipherSuite}`,
    );
  }
  const leaf = tree.findLeaf(signer);
  if (leaf === undefined) refuse('INVALID_GROUP_INFO', 'R12.4.3-06', `the signer ${signer} is not a member`);
  if (!isSignedWith(suite, groupInfo, leaf.signatureKey)) {
    refuse('INVALID_SIGNATURE', 'R12.4.3-06', 'the signature of the GroupInfo is not valid');
  }
}

/**
 * Gives the tree that a GroupInfo states, as far as that can be told without the group: its hash is in the GroupInfo, and one of
 * its leaves has signed it. Whether its members are believed is not asked.
 *
 * @throws MlsError RATCHET_TREE_REQUIRED, TREE_HASH_MISMATCH, INVALID_GROUP_INFO, INVALID_SIGNATURE, WRONG_CIPHER_SUITE
 */
export function statedTree(
  suite: CipherSuite,
  groupInfo: GroupInfo,
  ratchetTree: RatchetTree | undefined,
): RatchetTree {
  const tree = treeOf(groupInfo, ratchetTree);
  if (!equal(treeHash(suite, tree.root), groupInfo.groupContext.treeHash)) {
    refuse('TREE_HASH_MISMATCH', 'R12.4.3.1-09', 'the tree is not the one that the GroupInfo names');
  }
  validateGroupInfo(suite, groupInfo, tree);
  return tree;
}

function isSignedWith(suite: CipherSuite, groupInfo: GroupInfo, publicKey: Uint8Array): boolean {
  try {
    return verifyGroupInfo(suite, groupInfo, publicKey);
  } catch (error) {
    if (error instanceof CryptoError)
      refuse('INVALID_GROUP_INFO', 'R12.4.3-06', "the signer's key is malformed", error);
    throw error;
  }
}

/** Gives what has to be found out before a group can be validated as a whole (R5.3.1-02). */
export function inquiryOfGroup(suite: CipherSuite, tree: RatchetTree, context: GroupContext): Inquiry {
  return { suite, identities: questionsOfTree(tree, context), signatures: signaturesOfTree(tree, context) };
}

/** Gives what the application has to be asked: every member, every external sender (R5.3.1-02). */
function questionsOfTree(tree: RatchetTree, context: GroupContext): readonly IdentityQuestion[] {
  const members = Array.from(tree.members(), ({ leafNode }) => leafNode);
  return [...members, ...presentedSendersOf(context)].map((presented) => ({ kind: 'credential', presented }));
}

/** Gives the signatures that a joiner has to verify: one of each member (R12.4.3.1-11). */
function signaturesOfTree(tree: RatchetTree, { groupId }: GroupContext): readonly SignatureClaim[] {
  return Array.from(tree.members(), ({ leafIndex, leafNode }) =>
    signatureOfLeaf(leafNode, { groupId, leafIndex }),
  );
}

/** Validates what a joiner was told of a group: its tree, and who outside of it may propose (R5.3.1-02, R5.3.1-06). */
export function validateGroup(tree: RatchetTree, context: GroupContext, by: LeafValidation): void {
  validateTree(tree, context, by);
  for (const sender of presentedSendersOf(context)) by.identities.requireValid(sender);
}
