/**
 * How a member makes a commit (RFC 9420 §12.4.1).
 *
 * @module
 */

import type { Inquiry } from '../group/ask-ahead.ts';
import { nextEpoch } from '../group/next-epoch.ts';
import { leafValidation, type Ports } from '../group/ports.ts';
import { describeEffects, type StagedCommit } from '../group/staged-commit.ts';
import { pskStoreOf, requireActive, sendingKeys, type GroupState, type GroupStatus } from '../group/state.ts';
import { required } from '../errors.ts';
import { SenderType, ContentType, type FramedContent } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { protect, signContent } from '../framing/protect.ts';
import { leafOf, type ClientIdentity } from '../key-packages/client-identity.ts';
import { ProposalType, WireFormat, type ContentWireFormat } from '../registries.ts';
import { applyProposals, validateNewLeaf, validateResult } from '../proposals/apply-proposals.ts';
import type { AppliedProposals } from '../proposals/applied-proposals.ts';
import type { Proposal } from '../proposals/proposal.ts';
import { needsPath, type ProposalList } from '../proposals/proposal-list.ts';
import { selectProposals } from '../proposals/select-proposals.ts';
import {
  questionsOfProposal,
  questionsOfReplacement,
  signaturesOfProposal,
  validateProposal,
} from '../proposals/validate-proposal.ts';
import type { IdentityQuestion } from '../credentials/identity.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import { validateMemberList } from '../proposals/validate-proposals.ts';
import { GroupContext } from '../schedule/group-context.ts';
import type { SubgroupPsk } from '../schedule/psk.ts';
import { wipeOnRefusal } from '../schedule/wipe-on-refusal.ts';
import { createPath, secretsOfPath, wipePathSecrets, type NewPath } from '../tree/create-path.ts';
import { keepCurrentKeys } from '../tree/private-tree.ts';
import { createWelcome } from './add-members.ts';
import { ProposalOrRefType, type Commit } from './commit.ts';
import { createGroupInfo, type GroupInfoRequest } from './create-group-info.ts';
import {
  computeConfirmationTag,
  confirmedContext,
  provisionalContext,
  requireNextEpoch,
  scheduleEpoch,
  secretsOfSchedule,
  wipeWelcomeSecrets,
  type ScheduledEpoch,
} from './epoch-inputs.ts';
import type { Welcome } from './welcome.ts';

/** What a commit is to do. */
export interface CommitRequest {
  /** Proposals by value. */
  readonly proposals: readonly Proposal[];
  /** Whether the valid proposals that were received are committed too (R12.4-06). */
  readonly includeReceived: boolean;
  /** Whether new keys are made even where the proposals do not ask for it. */
  readonly forcePath: boolean;
  readonly wireFormat: ContentWireFormat;
  readonly authenticatedData: Uint8Array;
  /** What the committer's leaf says from now on; as before when absent. */
  readonly identity: ClientIdentity | undefined;
  /** What the GroupInfo inside of the Welcome carries. */
  readonly welcomeInfo: GroupInfoRequest;
}

/** A commit that is ready to be sent; the group moves on only when it is kept. */
export interface CreatedCommit {
  readonly message: MLSMessage;
  readonly welcome: Welcome | undefined;
  readonly staged: StagedCommit;
}

/**
 * Makes a commit by a member (RFC 9420 §12.4.1). The state stays as it is, but for a used ratchet generation.
 * The first commit of a group that comes from another one ties in the `subgroupPsk` (§11.2, §11.3), which has no place
 * in any other commit.
 */
export function createCommit(
  state: GroupState,
  request: CommitRequest,
  ports: Ports,
  subgroupPsk?: SubgroupPsk,
): CreatedCommit {
  requireActive(state);
  const list = listProposals(state, request, ports, subgroupPsk);
  validateMemberList(list, state.ownLeafIndex);
  const applied = applyProposals(list, state);
  validateResult(applied);
  requireNextEpoch(state.groupContext);
  const path =
    request.forcePath || request.identity !== undefined || needsPath(list)
      ? createOwnPath(state, request, applied)
      : undefined;
  return wipeOnRefusal(
    () => (path === undefined ? [] : secretsOfPath(path)),
    () => finishCommit(state, composeCommit(state, { request, list, applied, path }, ports), ports),
  );
}

/** Judges the committer's new leaf as the others will, and lists what the commit says. */
function composeCommit(
  state: GroupState,
  parts: Pick<CommitParts, 'request' | 'applied' | 'path'> & { readonly list: ProposalList },
  ports: Ports,
): CommitParts {
  const { request, list, path } = parts;
  const applied = { ...parts.applied, tree: path?.tree ?? parts.applied.tree };
  const ownLeaf = required(applied.tree.findLeaf(state.ownLeafIndex), "the committer's leaf");
  if (path !== undefined) {
    validateNewLeaf(ownLeaf, applied);
    requireJudged(state, request, ownLeaf, ports);
  }
  const provisional = provisionalContext(state.suite, state.groupContext, applied);
  const commit: Commit = {
    proposals: list.map(toProposalOrRef),
    path: path?.encrypt(GroupContext.bytesOf(provisional)),
  };
  return { request, applied, path, provisional, commit };
}

/**
 * The leaf of a path is judged before anybody hears of it (R5.3.1-05, R5.3.1-07). One that says what it said before is
 * judged again, too: the others do so, and a credential that has expired meanwhile would end the group for all of them.
 */
function requireJudged(
  state: GroupState,
  { identity }: CommitRequest,
  ownLeaf: LeafNode,
  { identities }: Ports,
): void {
  identities.requireValid(ownLeaf);
  if (identity === undefined) return;
  identities.requireSuccessor(
    required(state.tree.findLeaf(state.ownLeafIndex), "the committer's leaf"),
    ownLeaf,
  );
}

/** Gives what has to be found out before a commit is made (RFC 9420 §5.3.1, §10.1). */
export function inquiryOfCommitRequest(
  state: GroupState,
  request: Pick<CommitRequest, 'proposals' | 'identity'>,
): Inquiry {
  return {
    suite: state.suite,
    identities: questionsOfCommitRequest(state, request),
    signatures: request.proposals.flatMap(signaturesOfProposal),
  };
}

function questionsOfCommitRequest(
  state: GroupState,
  { proposals, identity }: Pick<CommitRequest, 'proposals' | 'identity'>,
): readonly IdentityQuestion[] {
  const sender = { senderType: SenderType.member, leafIndex: state.ownLeafIndex };
  const ofProposals = proposals.flatMap((proposal) => questionsOfProposal(proposal, sender, state.tree));
  const old = required(state.tree.findLeaf(state.ownLeafIndex), "the committer's leaf");
  if (identity === undefined) return [...ofProposals, { kind: 'credential', presented: old }];
  return [
    ...ofProposals,
    ...questionsOfReplacement(leafOf(identity, state.suite), state.ownLeafIndex, state.tree),
  ];
}

/** Collects what is committed: received proposals first, then those by value. */
function listProposals(
  state: GroupState,
  request: CommitRequest,
  ports: Ports,
  subgroupPsk: SubgroupPsk | undefined,
): ProposalList {
  const sender = { senderType: SenderType.member, leafIndex: state.ownLeafIndex };
  const by = leafValidation(state.suite, ports, true);
  for (const proposal of request.proposals) validateProposal(proposal, sender, state, by);
  const origin: Proposal[] = subgroupPsk ? [{ proposalType: ProposalType.psk, psk: subgroupPsk }] : [];
  const own = [...request.proposals, ...origin].map((proposal) => ({
    proposal,
    sender,
    reference: undefined,
  }));
  if (!request.includeReceived) return own;
  const newIdentity = request.identity && leafOf(request.identity, state.suite);
  return [...selectProposals(state, own, { psks: pskStoreOf(state, ports.psks), newIdentity }), ...own];
}

function toProposalOrRef({ proposal, reference }: ProposalList[number]): Commit['proposals'][number] {
  return reference === undefined
    ? { type: ProposalOrRefType.proposal, proposal }
    : { type: ProposalOrRefType.reference, reference };
}

function createOwnPath(state: GroupState, { identity }: CommitRequest, applied: AppliedProposals): NewPath {
  const leaf = required(state.tree.findLeaf(state.ownLeafIndex), "the committer's leaf");
  return createPath({
    suite: state.suite,
    tree: applied.tree,
    groupId: state.groupContext.groupId,
    sender: state.ownLeafIndex,
    leaf: identity === undefined ? leaf : leafOf(identity, state.suite),
    signaturePrivateKey: identity?.signatureKeyPair.privateKey ?? state.signaturePrivateKey,
    newLeaves: new Set(applied.added.map(({ leafIndex }) => leafIndex)),
  });
}

interface CommitParts {
  readonly request: CommitRequest;
  readonly applied: AppliedProposals;
  readonly path: NewPath | undefined;
  readonly provisional: GroupContext;
  readonly commit: Commit;
}

// §12.4.1: signed in the old epoch, then the new epoch's secrets, then the tag, then protected in the old epoch.
function finishCommit(state: GroupState, parts: CommitParts, ports: Ports): CreatedCommit {
  const { request, applied, path, provisional, commit } = parts;
  const { suite } = state;
  const content = frame(state, request, commit);
  const { wireFormat } = request;
  const signature = signContent(state, wireFormat, content, state.signaturePrivateKey);
  const groupContext = confirmedContext(suite, provisional, state.interimTranscriptHash, {
    wireFormat,
    content,
    signature,
  });
  const scheduled = scheduleEpoch({
    suite,
    initSecret: state.secrets.initSecret,
    commitSecret: path?.commitSecret ?? new Uint8Array(suite.kdf.size),
    groupContext,
    pskIds: applied.psks,
    pskStore: pskStoreOf(state, ports.psks),
    forWelcome: applied.added.length > 0,
  });
  return wipeOnRefusal(
    () => secretsOfSchedule(scheduled),
    () => sendCommit(state, { ...parts, content, signature, groupContext, scheduled }, ports),
  );
}

interface ScheduledCommit extends CommitParts {
  readonly content: FramedContent;
  readonly signature: Uint8Array;
  readonly groupContext: GroupContext;
  readonly scheduled: ScheduledEpoch;
}

function sendCommit(state: GroupState, parts: ScheduledCommit, { policy }: Ports): CreatedCommit {
  const { request, applied, path, content, signature, groupContext, scheduled } = parts;
  const { wireFormat, identity } = request;
  const confirmationTag = computeConfirmationTag(state.suite, scheduled.epoch, groupContext);
  const auth = { signature, confirmationTag };
  const message = protect(sendingKeys(state, policy), { wireFormat, content, auth });
  const next = nextEpoch(
    state,
    {
      groupContext,
      tree: applied.tree,
      epoch: scheduled.epoch,
      confirmationTag,
      keys: new Map([...keepCurrentKeys(state.keys, state.tree, applied.tree), ...(path?.keys ?? [])]),
      signaturePrivateKey: identity?.signatureKeyPair.privateKey ?? state.signaturePrivateKey,
      status: statusAfter(applied),
    },
    policy,
  );
  return { message, welcome: welcomeAdded(next, scheduled, parts), staged: stage(state, next, parts) };
}

function stage(base: GroupState, state: GroupState, { applied, path }: CommitParts): StagedCommit {
  const committer = base.ownLeafIndex;
  const committerLeaf = path && state.tree.findLeaf(committer);
  const effects = describeEffects(applied, { committer, joined: false, committerLeaf, selfRemoved: false });
  return { base, state, effects };
}

/** Makes the Welcome and overwrites what only it needs. */
function welcomeAdded(
  next: GroupState,
  scheduled: ScheduledEpoch,
  { request, applied, path }: CommitParts,
): Welcome | undefined {
  const { suite, ownLeafIndex: committer } = next;
  const pathSecrets = path?.pathSecrets;
  const welcome =
    applied.added.length === 0
      ? undefined
      : createWelcome({
          suite,
          groupInfo: createGroupInfo(next, request.welcomeInfo),
          scheduled,
          applied,
          committer,
          pathSecrets,
        });
  wipeWelcomeSecrets(scheduled);
  if (path !== undefined) wipePathSecrets(path);
  return welcome;
}

/** Says whether a group goes on after a commit (R12.4.2-15). */
export function statusAfter({ reinit }: Pick<AppliedProposals, 'reinit'>): GroupStatus {
  return reinit === undefined ? { kind: 'active' } : { kind: 'reinitialized', reinit };
}

function frame(state: GroupState, request: CommitRequest, commit: Commit): FramedContent {
  const { groupId, epoch } = state.groupContext;
  return {
    groupId,
    epoch,
    sender: { senderType: SenderType.member, leafIndex: state.ownLeafIndex },
    authenticatedData: request.authenticatedData,
    body: { contentType: ContentType.commit, commit },
  };
}

/** The request for a commit that does nothing in particular. */
export const plainCommit: CommitRequest = {
  proposals: [],
  includeReceived: true,
  forcePath: false,
  wireFormat: WireFormat.privateMessage,
  authenticatedData: new Uint8Array(0),
  identity: undefined,
  welcomeInfo: { ratchetTree: true, externalPub: false, grease: true },
};
