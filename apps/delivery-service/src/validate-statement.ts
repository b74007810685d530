/**
 * Checks the GroupInfo of a commit that the service cannot follow, because it is encrypted (RFC 9420 §12.4.3): with it those come
 * back who cannot process the commit.
 *
 * What a single member says cannot be compared with the group. But it has to hold in itself, to come from a member, and to offer
 * what the one before offered.
 *
 * @module
 */
import { CodecError, decode } from '@canopy/codec';
import { equal, getCipherSuite } from '@canopy/crypto';
import { findNamedDevice } from '@canopy/identity';
import {
  ExtensionType,
  LeafNodeSource,
  RatchetTreeNodes,
  statedTree,
  treeFromNodes,
  type GroupInfo,
  type LeafNode,
  type RatchetTree,
} from '@canopy/mls';
import type { Delivery } from './delivery.ts';
import { isRefusal, readStatement, type Statement } from './public-groups.ts';
import { RefusedSubmission, requireThat } from './rules/refused-submission.ts';
import type { CommitToValidate } from './validate-commit.ts';

/**
 * Requires that a GroupInfo and its tree fit each other, that a member has signed, and that neither the tree nor the key for
 * external commits is left out where there was one.
 *
 * @throws {RefusedSubmission} GROUP_INFO_MISMATCH
 */
export async function validateStatement(
  { stores: { groupLog } }: Delivery,
  { bundle, checked: { groupInfo } }: CommitToValidate,
): Promise<void> {
  const { groupId, epoch } = bundle;
  const stored = await groupLog.groupInfo(groupId);
  // About another epoch the log itself knows what to answer.
  if (stored !== undefined && stored.epoch !== epoch) return;
  const before = stored === undefined ? undefined : await readable(readStatement(groupLog, groupId, stored));
  const tree = treeIn(groupInfo, bundle.ratchetTree);
  const treeBefore = before === undefined ? undefined : treeBeforeOf(before);
  if (before !== undefined)
    requireAsMuch({ groupInfo, tree }, { groupInfo: before.groupInfo, tree: treeBefore });
  if (tree !== undefined && treeBefore !== undefined) requireMember(groupInfo, tree, treeBefore);
}

/** What was taken without a look, when there was no tree to look at, may be anything. */
async function readable(reading: Promise<Statement>): Promise<Statement | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** Gives the tree that comes with a GroupInfo; undefined where there is none. @throws {RefusedSubmission} */
function treeIn(groupInfo: GroupInfo, bytes: Uint8Array): RatchetTree | undefined {
  if (bytes.length === 0 && !offers(groupInfo, ExtensionType.ratchetTree)) return undefined;
  try {
    const apart = bytes.length === 0 ? undefined : treeFromNodes(decode(RatchetTreeNodes, bytes));
    return statedTree(getCipherSuite(groupInfo.groupContext.cipherSuite), groupInfo, apart);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new RefusedSubmission('GROUP_INFO_MISMATCH', `group_info: ${error.code}`, { cause: error });
  }
}

/** Gives the last tree that held in itself. */
function treeBeforeOf({ groupInfo, tree }: Statement): RatchetTree | undefined {
  try {
    return statedTree(getCipherSuite(groupInfo.groupContext.cipherSuite), groupInfo, tree);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function requireAsMuch(now: Statement, before: Statement): void {
  requireThat(
    before.tree === undefined || now.tree !== undefined,
    'GROUP_INFO_MISMATCH',
    'the tree of the group is left out',
  );
  requireThat(
    !offers(before.groupInfo, ExtensionType.externalPub) || offers(now.groupInfo, ExtensionType.externalPub),
    'GROUP_INFO_MISMATCH',
    'the GroupInfo leaves out the key for external commits',
  );
}

function offers({ extensions }: GroupInfo, extensionType: number): boolean {
  return extensions.some((extension) => extension.extensionType === extensionType);
}

/** Requires that the signer is a member of the epoch that ends, with the key that it had or with one that its commit brings. */
function requireMember({ signer }: GroupInfo, tree: RatchetTree, before: RatchetTree): void {
  const [leaf, leafBefore] = [tree.findLeaf(signer), before.findLeaf(signer)];
  const isMember = leaf !== undefined && leafBefore !== undefined && isSameMember(leaf, leafBefore);
  requireThat(
    isMember,
    'GROUP_INFO_MISMATCH',
    'the signer of the GroupInfo is not a member of the epoch that ends',
  );
}

function isSameMember(leaf: LeafNode, before: LeafNode): boolean {
  if (equal(leaf.signatureKey, before.signatureKey)) return true;
  const device = findNamedDevice(leaf.credential);
  const isByCommit = leaf.source.leafNodeSource === LeafNodeSource.commit;
  return isByCommit && device !== undefined && device === findNamedDevice(before.credential);
}
