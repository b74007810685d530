/**
 * Application messages (RFC 9420 §15).
 *
 * @module
 */

import { refuse } from '../errors.ts';
import { ContentType, SenderType, type FramedContent } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import { protectPrivate, signContent } from '../framing/protect.ts';
import type { Policy } from '../policy.ts';
import { WireFormat } from '../registries.ts';
import { requireActive, sendingKeys, type GroupState } from './state.ts';

/** What is sent: data, and what is only authenticated. */
export interface ApplicationData {
  readonly applicationData: Uint8Array;
  readonly authenticatedData: Uint8Array;
}

/**
 * Encrypts application data and consumes a key of the member's ratchet (RFC 9420 §15).
 * The changed ratchet has to be stored before the message is sent, or its key could be used twice (R6.3.1-05).
 *
 * @throws MlsError PROPOSALS_PENDING while valid proposals wait for a commit (R12.4-05), GROUP_ENDED
 */
export function protectApplicationData(state: GroupState, data: ApplicationData, policy: Policy): MLSMessage {
  requireActive(state);
  if (policy.commitBeforeApplicationData && state.proposals.length > 0) {
    refuse('PROPOSALS_PENDING', 'R12.4-05', 'proposals have to be committed before application data is sent');
  }
  const keys = sendingKeys(state, policy);
  const { groupId, epoch } = state.groupContext;
  const content: FramedContent = {
    groupId,
    epoch,
    sender: { senderType: SenderType.member, leafIndex: state.ownLeafIndex },
    authenticatedData: data.authenticatedData,
    body: { contentType: ContentType.application, applicationData: data.applicationData },
  };
  const signature = signContent(keys, WireFormat.privateMessage, content, state.signaturePrivateKey);
  return protectPrivate(keys, { content, auth: { signature, confirmationTag: undefined } });
}
