/**
 * What anybody can check of a commit, without the group's secrets (RFC 9420 §12.4.2, first steps).
 *
 * @module
 */

import type { IdentityQuestion } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import { ContentType, SenderType, type Sender } from '../framing/content.ts';
import type { Verified } from '../framing/unprotect.ts';
import { leafValidation, type Ports } from '../group/ports.ts';
import { describeEffects, type CommitEffects } from '../group/staged-commit.ts';
import type { GroupState, PublicState } from '../group/state.ts';
import { applyProposals, validateNewLeaf, validateResult } from '../proposals/apply-proposals.ts';
import type { Policy } from '../policy.ts';
import type { AppliedProposals } from '../proposals/applied-proposals.ts';
import {
  needsPath,
  proposalsOfType,
  resolveProposals,
  type ProposalList,
} from '../proposals/proposal-list.ts';
import {
  questionsOfProposal,
  questionsOfReplacement,
  signaturesOfProposal,
  validateProposal,
  validateReplacement,
} from '../proposals/validate-proposal.ts';
import { validateExternalList, validateMemberList } from '../proposals/validate-proposals.ts';
import { ProposalType } from '../registries.ts';
import { LeafNodeSource } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import { mergePath, type MergedPath, type ReceivedPath } from '../tree/process-path.ts';
import type { SignatureClaim } from '../tree/signature-answers.ts';
import type { UpdatePath } from '../tree/update-path.ts';
import { validateLeafNode, validateSource } from '../tree/validate-leaf-node.ts';
import { ProposalOrRefType, type Commit } from './commit.ts';
import { requireNextEpoch } from './epoch-inputs.ts';

function commitOf({ content }: Verified): Commit {
  if (content.body.contentType !== ContentType.commit) {
    refuse('MISUSE', '§12.4.2', 'a commit expected, found another content');
  }
  return content.body.commit;
}

/** Gives what the application has to be asked before a commit can be processed (RFC 9420 §5.3.1). */
export function questionsOfCommit(state: PublicState, verified: Verified): readonly IdentityQuestion[] {
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

/** Gives the signatures of all KeyPackages that a commit adds by value (RFC 9420 §10.1). */
export function signaturesOfCommit(verified: Verified): readonly SignatureClaim[] {
  return commitOf(verified).proposals.flatMap((entry) =>
    entry.type === ProposalOrRefType.proposal ? signaturesOfProposal(entry.proposal) : [],
  );
}

// Unknown references are refused when the commit is processed, not while questions are collected.
function proposalsByValue(state: PublicState, verified: Verified): ProposalList {
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
export interface IncomingCommit {
  readonly verified: Verified;
  readonly commit: Commit;
  readonly list: ProposalList;
  readonly applied: AppliedProposals;
  readonly committer: LeafIndex;
}

/** Describes what a commit of somebody else does (RFC 9420 §12.4). */
export function effectsOf(
  { verified, applied, committer, commit }: IncomingCommit,
  selfRemoved = false,
): CommitEffects {
  const joined = verified.content.sender.senderType === SenderType.newMemberCommit;
  return describeEffects(applied, { committer, joined, committerLeaf: commit.path?.leafNode, selfRemoved });
}

/** Requires a commit of the current epoch, which is not the last one (R12.4.2-01, R8.1-05). */
export function validateEpoch({ groupContext }: PublicState, { content }: Verified): void {
  requireNextEpoch(groupContext);
  if (content.epoch !== groupContext.epoch) {
    refuse('WRONG_EPOCH', 'R12.4.2-01', `epoch ${groupContext.epoch} expected, found ${content.epoch}`);
  }
}

/** Requires that somebody else has made a commit (R12.4.2-17). */
export function refuseOwnCommit({ ownLeafIndex }: GroupState, { content: { sender } }: Verified): void {
  if (sender.senderType === SenderType.member && sender.leafIndex === ownLeafIndex) {
    refuse('OWN_MESSAGE', 'R12.4.2-17', "the member's own commit is kept, not processed");
  }
}

/** Validates the proposals of a commit and applies them; the path comes with `mergePublicPart` (RFC 9420 §12.4.2). */
export function validateCommit(state: PublicState, verified: Verified, ports: Ports): IncomingCommit {
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
  validateExternalList(list);
  validateExternalPolicy(list, policy);
}

/** Requires what the application demands of external Commits (R12.4.3.2-09). */
export function validateExternalPolicy(list: ProposalList, policy: Policy): void {
  const requirement = 'R12.4.3.2-09';
  if (!policy.allowExternalCommits) {
    refuse('SENDER_NOT_ALLOWED', requirement, 'external Commits are not allowed here');
  }
  const isResync = proposalsOfType(list, ProposalType.remove).length > 0;
  if (!policy.allowResync && isResync) {
    refuse(
      'SENDER_NOT_ALLOWED',
      requirement,
      'external Commits that remove an old leaf are not allowed here',
    );
  }
  const { pskInExternalCommits: needed } = policy;
  const needsPsk = needed === 'required' || (needed === 'requiredUnlessResync' && !isResync);
  if (needsPsk && proposalsOfType(list, ProposalType.psk).length === 0) {
    refuse('SENDER_NOT_ALLOWED', requirement, 'an external Commit has to bring a pre-shared key here');
  }
}

/** Validates what anybody can see of a path, and puts its public keys into the tree. */
export function mergePublicPart(
  state: PublicState,
  incoming: IncomingCommit,
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

function validatePathLeaf(
  state: PublicState,
  incoming: IncomingCommit,
  path: UpdatePath,
  ports: Ports,
): void {
  const { committer, list, verified } = incoming;
  const by = leafValidation(state.suite, ports);
  validateSource(path.leafNode, LeafNodeSource.commit);
  const replaced = replacedLeaf(verified.content.sender, list);
  const old = replaced === undefined ? undefined : state.tree.findLeaf(replaced);
  if (old !== undefined) validateReplacement(old, path.leafNode, by);
  const { groupId } = state.groupContext;
  validateLeafNode(path.leafNode, { groupId, leafIndex: committer }, by);
}
