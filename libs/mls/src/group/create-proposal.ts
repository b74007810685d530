/**
 * How a member proposes (RFC 9420 §12.1).
 *
 * @module
 */

import { proposalRef } from '../framing/authentication.ts';
import { ContentType, SenderType } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { protect, signContent } from '../framing/protect.ts';
import { leafOf, type ClientIdentity } from '../key-packages/client-identity.ts';
import { ProposalType, type ContentWireFormat } from '../registries.ts';
import { required } from '../errors.ts';
import type { Proposal } from '../proposals/proposal.ts';
import { validateProposal } from '../proposals/validate-proposal.ts';
import { LeafNodeSource, signLeafNode } from '../tree/leaf-node.ts';
import { leafValidation, type Ports } from './ports.ts';
import { requireActive, sendingKeys, type GroupState, type PendingUpdate } from './state.ts';

/** How a proposal is sent. */
export interface ProposalFraming {
  readonly wireFormat: ContentWireFormat;
  readonly authenticatedData: Uint8Array;
}

/** A proposal to be sent, and the state that knows it. */
export interface CreatedProposal {
  readonly message: MLSMessage;
  readonly reference: Uint8Array;
  readonly state: GroupState;
}

/** Proposes a change (RFC 9420 §12.1); the new state keeps the proposal so that anybody can commit it. */
export function createProposal(
  state: GroupState,
  proposal: Proposal,
  framing: ProposalFraming,
  ports: Ports,
): CreatedProposal {
  requireActive(state);
  const sender = { senderType: SenderType.member, leafIndex: state.ownLeafIndex };
  validateProposal(proposal, sender, state, leafValidation(state.suite, ports, true));
  const { wireFormat, authenticatedData } = framing;
  const { groupId, epoch } = state.groupContext;
  const content = {
    groupId,
    epoch,
    sender,
    authenticatedData,
    body: { contentType: ContentType.proposal, proposal },
  };
  const keys = sendingKeys(state, ports.policy);
  const signature = signContent(keys, wireFormat, content, state.signaturePrivateKey);
  const authenticated = { wireFormat, content, auth: { signature, confirmationTag: undefined } };
  const reference = proposalRef(state.suite, authenticated);
  return {
    message: protect(keys, authenticated),
    reference,
    state: { ...state, proposals: [...state.proposals, { reference, proposal, sender }] },
  };
}

/** A new leaf for an Update, with its private key. */
export interface OwnUpdate {
  readonly proposal: Proposal;
  readonly encryptionPrivateKey: Uint8Array;
  readonly signaturePrivateKey: Uint8Array;
}

/** Makes a new leaf for the member (RFC 9420 §12.1.2); its key waits until somebody commits the Update (R12.1.2-04). */
export function createUpdate(state: GroupState, identity: ClientIdentity | undefined): OwnUpdate {
  const { suite, groupContext, ownLeafIndex: leafIndex } = state;
  const old = required(state.tree.findLeaf(leafIndex), "the member's leaf");
  const { publicKey: encryptionKey, privateKey: encryptionPrivateKey } = suite.hpke.generateKeyPair();
  const signaturePrivateKey = identity?.signatureKeyPair.privateKey ?? state.signaturePrivateKey;
  const { signatureKey, credential, capabilities, extensions } =
    identity === undefined ? old : leafOf(identity, suite);
  const leafNode = signLeafNode(
    suite,
    {
      encryptionKey,
      signatureKey,
      credential,
      capabilities,
      extensions,
      source: { leafNodeSource: LeafNodeSource.update },
    },
    signaturePrivateKey,
    { groupId: groupContext.groupId, leafIndex },
  );
  return {
    proposal: { proposalType: ProposalType.update, leafNode },
    encryptionPrivateKey,
    signaturePrivateKey,
  };
}

/** Remembers the keys of an own Update until the epoch ends. */
export function rememberUpdate(created: CreatedProposal, update: OwnUpdate): GroupState {
  const { encryptionPrivateKey, signaturePrivateKey } = update;
  const pending: PendingUpdate = { reference: created.reference, encryptionPrivateKey, signaturePrivateKey };
  return { ...created.state, pendingUpdates: [...created.state.pendingUpdates, pending] };
}
