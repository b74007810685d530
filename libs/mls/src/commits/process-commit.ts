/**
 * How a member processes a commit of somebody else (RFC 9420 §12.4.2).
 *
 * @module
 */

import { equal, wipe } from '@canopy/crypto';
import type { IdentityQuestion } from '../credentials/identity.ts';
import { refuse, required } from '../errors.ts';
import { ContentType, SenderType, type Sender } from '../framing/content.ts';
import type { Verified } from '../framing/unprotect.ts';
import { nextEpoch } from '../group/next-epoch.ts';
import { leafValidation, type Ports } from '../group/ports.ts';
import { describeEffects, type StagedCommit } from '../group/staged-commit.ts';
import { pskStoreOf, requireActive, type GroupState } from '../group/state.ts';
import { applyProposals, validateNewLeaf, validateResult } from '../proposals/apply-proposals.ts';
import type { AppliedProposals } from '../proposals/applied-proposals.ts';
import { needsPath, resolveProposals, type ProposalList } from '../proposals/proposal-list.ts';
import {
  questionsOfProposal,
  questionsOfReplacement,
  validateProposal,
  validateReplacement,
} from '../proposals/validate-proposal.ts';
import { validateExternalList, validateMemberList } from '../proposals/validate-proposals.ts';
import { ProposalType } from '../registries.ts';
import { openExternalInit } from '../schedule/external-init.ts';
import { GroupContext } from '../schedule/group-context.ts';
import type { NewEpoch } from '../schedule/key-schedule.ts';
import { LeafNodeSource } from '../tree/leaf-node.ts';
import { nodeOfLeaf, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import { keepCurrentKeys, type PrivateTree } from '../tree/private-tree.ts';
import {
  mergePath,
  openPath,
  type MergedPath,
  type OpenedPath,
  type ReceivedPath,
} from '../tree/process-path.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { UpdatePath } from '../tree/update-path.ts';
import { validateLeafNode, validateSource } from '../tree/validate-leaf-node.ts';
import { ProposalOrRefType, type Commit } from './commit.ts';
import { statusAfter } from './create-commit.ts';
import {
  confirmedContext,
  provisionalContext,
  scheduleEpoch,
  validateConfirmationTag,
  wipeWelcomeSecrets,
} from './epoch-inputs.ts';

function commitOf({ content }: Verified): Commit {
  if (content.body.contentType !== ContentType.commit) {
    refuse('MISUSE', '§12.4.2', 'a commit expected, found another content');
  }
  return content.body.commit;
}

/** Gives what the application has to be asked before a commit can be processed (RFC 9420 §5.3.1). */
export function questionsOfCommit(state: GroupState, verified: Verified): readonly IdentityQuestion[] {
  const { proposals, path } = commitOf(verified);
  const { sender } = verified.content;
  const ofProposals = proposals.flatMap((entry) =>
    entry.type === ProposalOrRefType.proposal ? questionsOfProposal(entry.proposal, sender, state.tree) : [],
  );
  if (path === undefined) return ofProposals;
  const replaced = replacedLeaf(sender, proposalsByValue(state, verified));
  const question: IdentityQuestion = { kind: 'credential', presented: path.leafNode };
  const ofPath =
    replaced === undefined ? [question] : questionsOfReplacement(path.leafNode, replaced, state.tree);
  return [...ofProposals, ...ofPath];
}

// Unknown references are refused when the commit is processed, not while questions are collected.
function proposalsByValue(state: GroupState, verified: Verified): ProposalList {
  const byValue = commitOf(verified).proposals.filter(({ type }) => type === ProposalOrRefType.proposal);
  return resolveProposals(byValue, state.proposals, verified.content.sender);
}

/** Gives the leaf that the path's leaf takes the place of: the committer's, or the one that a resync removes. */
function replacedLeaf(sender: Sender, list: ProposalList): LeafIndex | undefined {
  if (sender.senderType === SenderType.member) return sender.leafIndex;
  const remove = list.find(({ proposal }) => proposal.proposalType === ProposalType.remove)?.proposal;
  return remove?.proposalType === ProposalType.remove ? remove.removed : undefined;
}

/** A commit on its way through the steps of RFC 9420 §12.4.2. */
interface Incoming {
  readonly verified: Verified;
  readonly commit: Commit;
  readonly list: ProposalList;
  readonly applied: AppliedProposals;
  readonly committer: LeafIndex;
}

/**
 * Processes a commit and gives the state of the next epoch, which the caller keeps or drops (RFC 9420 §12.4.2).
 *
 * @throws MlsError, CodecError; the given state stays as it was
 */
export function processCommit(state: GroupState, verified: Verified, ports: Ports): StagedCommit {
  requireActive(state);
  validateEpoch(state, verified);
  const incoming = validateCommit(state, verified, ports);
  if (incoming.applied.removed.some(({ leafIndex }) => leafIndex === state.ownLeafIndex)) {
    return stageOwnRemoval(state, incoming, ports);
  }
  return stageCommit(state, incoming, ports);
}

function validateEpoch({ groupContext, ownLeafIndex }: GroupState, { content }: Verified): void {
  if (content.epoch !== groupContext.epoch) {
    refuse('WRONG_EPOCH', 'R12.4.2-01', `epoch ${groupContext.epoch} expected, found ${content.epoch}`);
  }
  const { sender } = content;
  if (sender.senderType === SenderType.member && sender.leafIndex === ownLeafIndex) {
    refuse('OWN_MESSAGE', 'R12.4.2-17', "the member's own commit is kept, not processed");
  }
}

function validateCommit(state: GroupState, verified: Verified, ports: Ports): Incoming {
  const commit = commitOf(verified);
  const { sender } = verified.content;
  const list = resolveProposals(commit.proposals, state.proposals, sender);
  validateList(list, sender, ports);
  const by = leafValidation(state.suite, ports);
  for (const { proposal, reference } of list) {
    if (reference === undefined) validateProposal(proposal, sender, state, by);
  }
  if (commit.path === undefined && needsPath(list)) {
    refuse('PATH_REQUIRED', 'R12.4-10', 'these proposals cannot be committed without a path');
  }
  const applied = applyProposals(list, state);
  validateResult(applied);
  if (sender.senderType === SenderType.member) {
    return { verified, commit, list, applied, committer: sender.leafIndex };
  }
  // §12.4.3.2: the joiner takes the leftmost blank leaf of the tree that results.
  const editor = applied.tree.edit();
  const committer = editor.leftmostBlank();
  return { verified, commit, list, applied: { ...applied, tree: editor.finish() }, committer };
}

function validateList(list: ProposalList, sender: Sender, { policy }: Ports): void {
  if (sender.senderType === SenderType.member) {
    validateMemberList(list, sender.leafIndex);
    return;
  }
  if (sender.senderType !== SenderType.newMemberCommit) {
    refuse('SENDER_NOT_ALLOWED', 'R12.4.3.2-07', 'only members and joiners can commit');
  }
  if (!policy.allowExternalCommits) {
    refuse('SENDER_NOT_ALLOWED', 'R12.4.3.2-09', 'external Commits are not allowed here');
  }
  validateExternalList(list);
}

interface MergedCommit {
  readonly tree: RatchetTree;
  readonly groupContext: GroupContext;
  readonly opened: OpenedPath | undefined;
}

function stageCommit(state: GroupState, incoming: Incoming, ports: Ports): StagedCommit {
  const { verified, applied, committer, commit } = incoming;
  const merged = mergeCommit(state, incoming, ports);
  const { tree, opened } = merged;
  const { auth } = verified;
  const { groupContext, epoch } = enterEpoch(state, incoming, merged, ports);
  const next = nextEpoch(
    state,
    {
      groupContext,
      tree,
      keys: new Map([...ownKeysAfter(state, incoming, tree), ...(opened?.keys ?? [])]),
      epoch,
      confirmationTag: required(auth.confirmationTag, 'the tag that was just checked'),
      signaturePrivateKey: ownUpdate(state, incoming)?.signaturePrivateKey ?? state.signaturePrivateKey,
      status: statusAfter(applied),
    },
    ports.policy,
  );
  const effects = {
    committer,
    joined: isJoin(verified),
    committerLeaf: commit.path?.leafNode,
    selfRemoved: false,
  };
  return { base: state, state: next, effects: describeEffects(applied, effects) };
}

/** Derives the secrets of the new epoch; those that the tag does not confirm are overwritten again. */
function enterEpoch(
  state: GroupState,
  { verified, applied }: Incoming,
  { groupContext: provisional, opened }: MergedCommit,
  ports: Ports,
): { readonly groupContext: GroupContext; readonly epoch: NewEpoch } {
  const { suite } = state;
  const { wireFormat, content, auth } = verified;
  const { signature, confirmationTag } = auth;
  const groupContext = confirmedContext(suite, provisional, state.interimTranscriptHash, {
    wireFormat,
    content,
    signature,
  });
  const initSecret = initSecretFor(state, applied);
  const scheduled = scheduleEpoch({
    suite,
    initSecret,
    commitSecret: opened?.commitSecret ?? new Uint8Array(suite.kdf.size),
    groupContext,
    pskIds: applied.psks,
    pskStore: pskStoreOf(state, ports.psks),
  });
  if (initSecret !== state.secrets.initSecret) wipe(initSecret);
  wipeWelcomeSecrets(scheduled);
  const { epoch } = scheduled;
  try {
    validateConfirmationTag(suite, epoch, groupContext, confirmationTag);
  } catch (error) {
    wipe(...Object.values(epoch.secrets), epoch.encryptionSecret, ...(opened?.keys.values() ?? []));
    throw error;
  }
  return { groupContext, epoch };
}

function initSecretFor(state: GroupState, { kemOutput }: AppliedProposals): Uint8Array {
  return kemOutput === undefined
    ? state.secrets.initSecret
    : openExternalInit(state.suite, state.secrets.externalSecret, kemOutput);
}

// §12.4.2: validate the path, merge it, then decrypt with the provisional context.
function mergeCommit(state: GroupState, incoming: Incoming, ports: Ports): MergedCommit {
  const { applied, commit } = incoming;
  const { suite } = state;
  if (commit.path === undefined) {
    const groupContext = provisionalContext(suite, state.groupContext, applied);
    return { tree: applied.tree, groupContext, opened: undefined };
  }
  const { received, merged } = mergePublicPart(state, incoming, commit.path, ports);
  const provisional = provisionalContext(suite, state.groupContext, { ...applied, tree: merged.tree });
  const opened = openPath(received, merged, {
    leafIndex: state.ownLeafIndex,
    keys: ownKeysAfter(state, incoming, applied.tree),
    groupContext: GroupContext.bytesOf(provisional),
  });
  return { tree: merged.tree, groupContext: provisional, opened };
}

/** Validates what anybody can see of a path, and puts its public keys into the tree. */
function mergePublicPart(
  state: GroupState,
  incoming: Incoming,
  updatePath: UpdatePath,
  ports: Ports,
): { readonly received: ReceivedPath; readonly merged: MergedPath } {
  const { applied, committer: sender } = incoming;
  validatePathLeaf(state, incoming, updatePath, ports);
  const newLeaves = new Set(applied.added.map(({ leafIndex }) => leafIndex));
  const received = { suite: state.suite, tree: applied.tree, sender, updatePath, newLeaves };
  const merged = mergePath(received);
  validateNewLeaf(updatePath.leafNode, { tree: merged.tree, extensions: applied.extensions });
  return { received, merged };
}

function validatePathLeaf(state: GroupState, incoming: Incoming, path: UpdatePath, ports: Ports): void {
  const { committer, list, verified } = incoming;
  const by = leafValidation(state.suite, ports);
  validateSource(path.leafNode, LeafNodeSource.commit);
  const replaced = replacedLeaf(verified.content.sender, list);
  const old = replaced === undefined ? undefined : state.tree.findLeaf(replaced);
  if (old !== undefined) validateReplacement(old, path.leafNode, by);
  const { groupId } = state.groupContext;
  validateLeafNode(path.leafNode, { groupId, leafIndex: committer }, by);
}

function ownUpdate(state: GroupState, { list }: Incoming): GroupState['pendingUpdates'][number] | undefined {
  return state.pendingUpdates.find((pending) =>
    list.some(({ reference }) => reference !== undefined && equal(reference, pending.reference)),
  );
}

/** Gives the member's keys that still stand in a tree, and the new leaf key when its own Update was committed. */
function ownKeysAfter(state: GroupState, incoming: Incoming, tree: RatchetTree): PrivateTree {
  const keys = new Map<NodeIndex, Uint8Array>(keepCurrentKeys(state.keys, state.tree, tree));
  const update = ownUpdate(state, incoming);
  if (update !== undefined) keys.set(nodeOfLeaf(state.ownLeafIndex), update.encryptionPrivateKey);
  return keys;
}

/**
 * The commit removes this member: it learns nothing of the new epoch and stops (R12.4.2-16). It cannot check the
 * confirmation tag, but what the others refuse in the open must not put it out either (R12.2-19).
 */
function stageOwnRemoval(state: GroupState, incoming: Incoming, ports: Ports): StagedCommit {
  const { applied, committer, commit, verified } = incoming;
  if (commit.path !== undefined) mergePublicPart(state, incoming, commit.path, ports);
  const effects = describeEffects(applied, {
    committer,
    joined: isJoin(verified),
    committerLeaf: commit.path?.leafNode,
    selfRemoved: true,
  });
  return { base: state, state: removedState(state), effects };
}

function isJoin({ content }: Verified): boolean {
  return content.sender.senderType === SenderType.newMemberCommit;
}

// Nothing of the group is readable for a removed member any more: what it holds is overwritten when the commit is kept.
function removedState(state: GroupState): GroupState {
  const nothing = { keys: new Map(), proposals: [], pendingUpdates: [], pastEpochs: [], resumptionPsks: [] };
  return { ...state, ...nothing, status: { kind: 'removed' } };
}
