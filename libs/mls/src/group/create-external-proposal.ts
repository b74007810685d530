/**
 * How somebody who is not a member proposes (RFC 9420 §12.1.8): an external sender of the group, or a client that asks
 * to be added. Only a commit of a member puts it into effect.
 *
 * @module
 */

import { equal, type CipherSuite } from '@canopy/crypto';
import type { GroupInfo } from '../commits/group-info.ts';
import { treeOf, validateGroupInfo } from '../commits/validate-group-info.ts';
import { refuse } from '../errors.ts';
import { ContentType, SenderType, type FramedContent, type Sender } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { protectPublic, signContent } from '../framing/protect.ts';
import { senderSignatureKey } from '../framing/sender-key.ts';
import type { OwnKeyPackage } from '../key-packages/create-key-package.ts';
import type { Proposal } from '../proposals/proposal.ts';
import { ProposalType, WireFormat } from '../registries.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';

/** What an external sender proposes. */
export interface ExternalProposalRequest {
  readonly suite: CipherSuite;
  /** What a member states of the current epoch: it is verified, for a Remove names a place in the tree. */
  readonly groupInfo: GroupInfo;
  /** The tree, when it does not travel inside of the GroupInfo. */
  readonly ratchetTree: RatchetTree | undefined;
  /** The sender's place in the group's `external_senders`. */
  readonly senderIndex: number;
  readonly signatureKeyPair: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };
  readonly proposal: Proposal;
  readonly authenticatedData: Uint8Array;
}

/**
 * Makes a proposal of an external sender (RFC 9420 §12.1.8).
 *
 * @throws MlsError SENDER_NOT_ALLOWED (R12.1.8-04), UNKNOWN_SENDER (R12.1.8-01), UNKNOWN_LEAF (R12.1.3-01), and those of
 * a GroupInfo that is not valid
 */
export function createExternalProposal(request: ExternalProposalRequest): MLSMessage {
  const { suite, groupInfo, senderIndex, proposal, signatureKeyPair } = request;
  const { groupContext } = groupInfo;
  const tree = treeOf(groupInfo, request.ratchetTree);
  validateGroupInfo(suite, groupInfo, tree);
  const sender: Sender = { senderType: SenderType.external, senderIndex };
  const content = contentOf(groupContext, sender, request);
  if (!equal(senderSignatureKey(content, { groupContext, tree }), signatureKeyPair.publicKey)) {
    refuse('UNKNOWN_SENDER', 'R6.1-05', `external sender ${senderIndex} has another key`);
  }
  if (proposal.proposalType === ProposalType.remove && tree.findLeaf(proposal.removed) === undefined) {
    refuse('UNKNOWN_LEAF', 'R12.1.3-01', `leaf ${proposal.removed} is not a member`);
  }
  return sign(suite, groupContext, content, signatureKeyPair.privateKey);
}

/** What a client asks to be added with. */
export interface JoinProposalRequest {
  readonly suite: CipherSuite;
  /** The context of the epoch that the group is in; nothing depends on its truth but whether the proposal is taken. */
  readonly groupContext: GroupContext;
  /** The client's own; a Welcome will come for it. */
  readonly keyPackage: OwnKeyPackage;
  readonly authenticatedData: Uint8Array;
}

/** Makes the proposal of a client to add itself (RFC 9420 §12.1.8). @throws MlsError WRONG_CIPHER_SUITE (R10.1-01) */
export function createJoinProposal(request: JoinProposalRequest): MLSMessage {
  const { suite, groupContext, keyPackage: own } = request;
  const { keyPackage, signaturePrivateKey } = own;
  if (keyPackage.cipherSuite !== groupContext.cipherSuite || keyPackage.cipherSuite !== suite.id) {
    refuse('WRONG_CIPHER_SUITE', 'R10.1-01', `cipher suite ${groupContext.cipherSuite} expected`);
  }
  const proposal: Proposal = { proposalType: ProposalType.add, keyPackage };
  const sender: Sender = { senderType: SenderType.newMemberProposal };
  const { authenticatedData } = request;
  const content = contentOf(groupContext, sender, { proposal, authenticatedData });
  return sign(suite, groupContext, content, signaturePrivateKey);
}

function contentOf(
  { groupId, epoch }: GroupContext,
  sender: Sender,
  { proposal, authenticatedData }: Pick<ExternalProposalRequest, 'proposal' | 'authenticatedData'>,
): FramedContent {
  return {
    groupId,
    epoch,
    sender,
    authenticatedData,
    body: { contentType: ContentType.proposal, proposal },
  };
}

// R12.1.8-03: outsiders have none of the group's keys, so their proposals are PublicMessages without a membership tag.
function sign(
  suite: CipherSuite,
  groupContext: GroupContext,
  content: FramedContent,
  signaturePrivateKey: Uint8Array,
): MLSMessage {
  const keys = { suite, groupContext, membershipKey: new Uint8Array(0) };
  const signature = signContent(keys, WireFormat.publicMessage, content, signaturePrivateKey);
  return protectPublic(keys, { content, auth: { signature, confirmationTag: undefined } });
}
