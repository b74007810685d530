/**
 * How a client joins a group by itself, with an external Commit (RFC 9420 §12.4.3.2).
 *
 * @module
 */

import { wipe, type CipherSuite } from '@canopy/crypto';
import type { IdentityQuestion } from '../credentials/identity.ts';
import { refuse, required } from '../errors.ts';
import { ExternalPub } from '../extensions/external-pub.ts';
import { findExtension } from '../extensions/extension.ts';
import { ContentType, SenderType, type FramedContent } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { protectPublic, signContent } from '../framing/protect.ts';
import type { Inquiry } from '../group/ask-ahead.ts';
import { firstState } from '../group/first-state.ts';
import { leafValidation, type Ports } from '../group/ports.ts';
import type { GroupState } from '../group/state.ts';
import { leafOf, type ClientIdentity } from '../key-packages/client-identity.ts';
import { ExtensionType, ProposalType, WireFormat } from '../registries.ts';
import { applyProposals, validateNewLeaf, validateResult } from '../proposals/apply-proposals.ts';
import type { Proposal } from '../proposals/proposal.ts';
import {
  questionsOfReplacement,
  validateProposal,
  validateReplacement,
} from '../proposals/validate-proposal.ts';
import { validateExternalList } from '../proposals/validate-proposals.ts';
import { createExternalInit } from '../schedule/external-init.ts';
import { GroupContext } from '../schedule/group-context.ts';
import type { PreSharedKeyID } from '../schedule/psk.ts';
import { wipeOnRefusal } from '../schedule/wipe-on-refusal.ts';
import { computeInterimTranscriptHash } from '../schedule/transcript-hash.ts';
import { createPath, secretsOfPath, wipePathSecrets, type NewPath } from '../tree/create-path.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { LeafValidation } from '../tree/validate-leaf-node.ts';
import { ProposalOrRefType, type Commit } from './commit.ts';
import {
  computeConfirmationTag,
  confirmedContext,
  provisionalContext,
  scheduleEpoch,
  wipeWelcomeSecrets,
} from './epoch-inputs.ts';
import type { GroupInfo } from './group-info.ts';
import { validateExternalPolicy } from './validate-commit.ts';
import {
  inquiryOfGroup,
  requireOtherGroup,
  treeOf,
  validateGroup,
  validateGroupInfo,
  type IsMember,
} from './validate-group-info.ts';

/** What an external Commit is made from. */
export interface ExternalCommitRequest {
  readonly suite: CipherSuite;
  readonly groupInfo: GroupInfo;
  /** The tree, when it does not travel inside of the GroupInfo. */
  readonly ratchetTree: RatchetTree | undefined;
  readonly identity: ClientIdentity;
  /** The joiner's own old leaf, when it joins again (resync). */
  readonly resync: LeafIndex | undefined;
  readonly psks: readonly PreSharedKeyID[];
  readonly authenticatedData: Uint8Array;
}

/** An external Commit to be sent and the state to be kept when it was accepted. */
export interface ExternalCommit {
  readonly message: MLSMessage;
  readonly state: GroupState;
}

/** A GroupInfo with its tree; nothing in it is validated yet but its signature. */
export interface OpenedGroupInfo {
  readonly request: ExternalCommitRequest;
  readonly tree: RatchetTree;
}

/**
 * Finds the tree of a GroupInfo and verifies that a member of it signed (RFC 9420 §12.4.3.2). A client that joins again
 * is in the group already: the new state takes the place of the old one (R12.4.3-05).
 */
export function openGroupInfo(request: ExternalCommitRequest, isMember?: IsMember): OpenedGroupInfo {
  const { suite, groupInfo } = request;
  if (request.resync === undefined) requireOtherGroup(groupInfo, { isMember });
  const tree = treeOf(groupInfo, request.ratchetTree);
  validateGroupInfo(suite, groupInfo, tree);
  return { request, tree };
}

/** Gives what has to be found out before an external join (R5.3.1-02). */
export function inquiryOfExternalJoin(opened: OpenedGroupInfo): Inquiry {
  const { request, tree } = opened;
  const ofGroup = inquiryOfGroup(request.suite, tree, request.groupInfo.groupContext);
  return { ...ofGroup, identities: [...ofGroup.identities, ...questionsOfOwnLeaf(opened)] };
}

function questionsOfOwnLeaf({ request, tree }: OpenedGroupInfo): readonly IdentityQuestion[] {
  const { resync, identity, suite } = request;
  const presented = leafOf(identity, suite);
  if (resync === undefined) return [{ kind: 'credential', presented }];
  return questionsOfReplacement(presented, resync, tree);
}

/** Makes an external Commit (RFC 9420 §12.4.3.2). The whole group is validated first. */
export function createExternalCommit({ request, tree }: OpenedGroupInfo, ports: Ports): ExternalCommit {
  const { suite, groupInfo } = request;
  const { groupContext } = groupInfo;
  validateGroup(tree, groupContext, leafValidation(suite, ports));
  const { kemOutput, initSecret } = createExternalInit(suite, externalPubOf(groupInfo));
  const proposals = listProposals(request, kemOutput);
  try {
    const entry = enterTree(request, { proposals, tree }, ports);
    return wipeOnRefusal(
      () => secretsOfPath(entry.path),
      () => {
        const provisional = provisionalContext(suite, groupContext, entry);
        const commit: Commit = {
          proposals: proposals.map((proposal) => ({ type: ProposalOrRefType.proposal, proposal })),
          path: entry.path.encrypt(GroupContext.bytesOf(provisional)),
        };
        return finishExternalCommit(request, { commit, provisional, initSecret, ...entry }, ports);
      },
    );
  } finally {
    wipe(initSecret);
  }
}

function externalPubOf(groupInfo: GroupInfo): Uint8Array {
  const found = findExtension(groupInfo.extensions, ExtensionType.externalPub, ExternalPub);
  if (found === undefined) {
    refuse('INVALID_GROUP_INFO', 'R12.4.3.2-01', 'the GroupInfo does not allow external Commits');
  }
  return found.externalPub;
}

function listProposals({ resync, psks }: ExternalCommitRequest, kemOutput: Uint8Array): readonly Proposal[] {
  const remove: Proposal[] =
    resync === undefined ? [] : [{ proposalType: ProposalType.remove, removed: resync }];
  return [
    { proposalType: ProposalType.externalInit, kemOutput },
    ...remove,
    ...psks.map((psk): Proposal => ({ proposalType: ProposalType.psk, psk })),
  ];
}

interface TreeEntry {
  readonly tree: RatchetTree;
  readonly extensions: GroupContext['extensions'];
  readonly path: NewPath;
  readonly leafIndex: LeafIndex;
}

function enterTree(
  request: ExternalCommitRequest,
  group: { readonly proposals: readonly Proposal[]; readonly tree: RatchetTree },
  ports: Ports,
): TreeEntry {
  const { suite, identity, resync } = request;
  const { groupContext } = request.groupInfo;
  const sender = { senderType: SenderType.newMemberCommit };
  const by = leafValidation(suite, ports, true);
  const epoch = { groupContext, tree: group.tree };
  for (const proposal of group.proposals) validateProposal(proposal, sender, epoch, by);
  const list = group.proposals.map((proposal) => ({ proposal, sender, reference: undefined }));
  validateExternalList(list);
  validateExternalPolicy(list, ports.policy);
  const applied = applyProposals(list, epoch);
  validateResult(applied);
  const editor = applied.tree.edit();
  const leafIndex = editor.leftmostBlank();
  const path = createPath({
    suite,
    tree: editor.finish(),
    groupId: groupContext.groupId,
    sender: leafIndex,
    leaf: leafOf(identity, suite),
    signaturePrivateKey: identity.signatureKeyPair.privateKey,
    newLeaves: new Set(),
  });
  const entry = { tree: path.tree, extensions: applied.extensions, path, leafIndex };
  wipeOnRefusal(
    () => secretsOfPath(path),
    () => validateEntry(entry, resync === undefined ? undefined : group.tree.findLeaf(resync), by),
  );
  return entry;
}

/** The joiner judges its own leaf as the members will, before anybody hears of it (R5.3.1-05, R12.2-19). */
function validateEntry(entry: TreeEntry, old: LeafNode | undefined, by: LeafValidation): void {
  const leaf = required(entry.tree.findLeaf(entry.leafIndex), "the joiner's leaf");
  by.identities.requireValid(leaf);
  if (old !== undefined) validateReplacement(old, leaf, by);
  validateNewLeaf(leaf, entry);
}

interface ExternalParts extends TreeEntry {
  readonly commit: Commit;
  readonly provisional: GroupContext;
  /** Wiped by the caller. */
  readonly initSecret: Uint8Array;
}

function finishExternalCommit(
  request: ExternalCommitRequest,
  parts: ExternalParts,
  ports: Ports,
): ExternalCommit {
  const { suite, groupInfo, identity } = request;
  const { groupContext: old, confirmationTag: oldTag } = groupInfo;
  const content: FramedContent = {
    groupId: old.groupId,
    epoch: old.epoch,
    sender: { senderType: SenderType.newMemberCommit },
    authenticatedData: request.authenticatedData,
    body: { contentType: ContentType.commit, commit: parts.commit },
  };
  const wireFormat = WireFormat.publicMessage;
  const { privateKey } = identity.signatureKeyPair;
  const signature = signContent({ suite, groupContext: old }, wireFormat, content, privateKey);
  const interim = computeInterimTranscriptHash(suite, old.confirmedTranscriptHash, oldTag);
  const groupContext = confirmedContext(suite, parts.provisional, interim, {
    wireFormat,
    content,
    signature,
  });
  const scheduled = scheduleEpoch({
    suite,
    initSecret: parts.initSecret,
    commitSecret: parts.path.commitSecret,
    groupContext,
    pskIds: request.psks,
    pskStore: ports.psks,
    forWelcome: false,
  });
  wipeWelcomeSecrets(scheduled);
  wipePathSecrets(parts.path);
  const { epoch } = scheduled;
  const confirmationTag = computeConfirmationTag(suite, epoch, groupContext);
  const state = firstState({
    suite,
    groupContext,
    tree: parts.tree,
    ownLeafIndex: parts.leafIndex,
    keys: parts.path.keys,
    signaturePrivateKey: privateKey,
    epoch,
    confirmationTag,
  });
  const keys = { suite, groupContext: old, membershipKey: new Uint8Array(0) };
  return { message: protectPublic(keys, { content, auth: { signature, confirmationTag } }), state };
}
