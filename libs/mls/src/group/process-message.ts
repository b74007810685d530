/**
 * What a member does with a message that it received (RFC 9420 §6, §12.1, §15.3).
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { questionsOfCommit, signaturesOfCommit } from '../commits/validate-commit.ts';
import { refuse } from '../errors.ts';
import { proposalRef } from '../framing/authentication.ts';
import { ContentType, SenderType } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { unprotectPrivate, unprotectPublic, type Unprotected, type Verified } from '../framing/unprotect.ts';
import type { Policy } from '../policy.ts';
import { questionsOfProposal, validateProposal } from '../proposals/validate-proposal.ts';
import { WireFormat } from '../registries.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { Inquiry } from './ask-ahead.ts';
import { leafValidation, type Ports } from './ports.ts';
import {
  receivingKeys,
  requireActive,
  type CachedProposal,
  type GroupState,
  type PublicState,
} from './state.ts';

/** Application data with who sent it. */
export interface ReceivedApplicationData {
  readonly sender: { readonly leafIndex: LeafIndex; readonly leafNode: LeafNode };
  readonly epoch: bigint;
  readonly applicationData: Uint8Array;
  readonly authenticatedData: Uint8Array;
}

/** Verifies a message for a group, of the current epoch or, for application data, of a retained one. */
export function unprotectMessage(state: GroupState, message: MLSMessage, policy: Policy): Unprotected {
  if (state.status.kind === 'removed') requireActive(state);
  switch (message.wireFormat) {
    case WireFormat.publicMessage: {
      const { groupId, epoch } = message.publicMessage.content;
      requireGroup(state, groupId);
      requireCurrentEpoch(state, epoch);
      return unprotectPublic(receivingKeys(state, policy), message.publicMessage);
    }
    case WireFormat.privateMessage: {
      requireGroup(state, message.privateMessage.groupId);
      return unprotectPrivateMessage(state, message.privateMessage, policy);
    }
    case WireFormat.welcome:
    case WireFormat.groupInfo:
    case WireFormat.keyPackage:
      refuse(
        'UNSUPPORTED_WIRE_FORMAT',
        'R6-04',
        `wire format ${message.wireFormat} is not a group's message`,
      );
  }
}

/** Requires a message for the group (R6-07). */
export function requireGroup({ groupContext }: PublicState, groupId: Uint8Array): void {
  if (!equal(groupContext.groupId, groupId))
    refuse('WRONG_GROUP', 'R6-07', 'the message is for another group');
}

/** Requires a message of the current epoch (R12.4.2-01). */
export function requireCurrentEpoch({ groupContext }: PublicState, epoch: bigint): void {
  if (epoch !== groupContext.epoch) {
    refuse('WRONG_EPOCH', 'R12.4.2-01', `epoch ${groupContext.epoch} expected, found ${epoch}`);
  }
}

function unprotectPrivateMessage(
  state: GroupState,
  message: Parameters<typeof unprotectPrivate>[1],
  policy: Policy,
): Unprotected {
  const current = receivingKeys(state, policy);
  if (message.epoch === state.groupContext.epoch) return unprotectPrivate(current, message);
  if (message.contentType !== ContentType.application || message.epoch > state.groupContext.epoch) {
    requireCurrentEpoch(state, message.epoch);
  }
  const past = state.pastEpochs.find(({ groupContext }) => groupContext.epoch === message.epoch);
  if (past === undefined) {
    refuse('EPOCH_NOT_RETAINED', 'R15.3-02', `epoch ${message.epoch} is not retained any more`);
  }
  return unprotectPrivate({ ...current, ...past }, message);
}

/** Gives the application data of a verified content. */
export function readApplicationData(state: GroupState, { content }: Verified): ReceivedApplicationData {
  const { sender, epoch, body, authenticatedData } = content;
  if (body.contentType !== ContentType.application || sender.senderType !== SenderType.member) {
    refuse('MISUSE', '§15', 'application data of a member expected');
  }
  const epochs = [state, ...state.pastEpochs];
  const tree = epochs.find(({ groupContext }) => groupContext.epoch === epoch)?.tree;
  // A commit that was kept meanwhile may have ended the retention of the message's epoch.
  if (tree === undefined) refuse('EPOCH_NOT_RETAINED', 'R15.3-02', `epoch ${epoch} is not retained any more`);
  const leafNode = tree.findLeaf(sender.leafIndex);
  if (leafNode === undefined) refuse('UNKNOWN_SENDER', 'R6.3.2-05', 'the sender is not a member');
  const { applicationData } = body;
  return { sender: { leafIndex: sender.leafIndex, leafNode }, epoch, applicationData, authenticatedData };
}

/** Gives what has to be found out before a verified content can be processed (RFC 9420 §5.3.1). */
export function inquiryOfContent(state: PublicState, verified: Verified): Inquiry {
  const { body, sender } = verified.content;
  const { suite } = state;
  switch (body.contentType) {
    case ContentType.application:
      return { suite, identities: [] };
    case ContentType.proposal:
      return { suite, identities: questionsOfProposal(body.proposal, sender, state.tree) };
    case ContentType.commit:
      return {
        suite,
        identities: questionsOfCommit(state, verified),
        signatures: signaturesOfCommit(verified),
      };
  }
}

/** Takes a valid proposal to those that a commit can refer to (R12.1-01). The given state stays. */
export function processProposal(
  state: PublicState,
  verified: Verified,
  ports: Ports,
): { readonly proposals: readonly CachedProposal[]; readonly reference: Uint8Array } {
  requireActive(state);
  const { body, sender, epoch } = verified.content;
  // The epoch may have ended while the identity was judged (R12.1-01).
  requireCurrentEpoch(state, epoch);
  if (body.contentType !== ContentType.proposal) refuse('MISUSE', '§12.1', 'a proposal expected');
  if (sender.senderType === SenderType.newMemberProposal && !ports.policy.allowNewMemberProposals) {
    refuse('SENDER_NOT_ALLOWED', 'R12.1.8-05', 'outsiders may not propose themselves here');
  }
  const { proposal } = body;
  validateProposal(proposal, sender, state, leafValidation(state.suite, ports));
  const reference = proposalRef(state.suite, verified);
  const { proposals } = state;
  const isKnown = proposals.some((cached) => equal(cached.reference, reference));
  return { proposals: isKnown ? proposals : [...proposals, { reference, proposal, sender }], reference };
}
