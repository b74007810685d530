/**
 * What the service reads of a handshake or application message: to which group, epoch and kind it belongs (RFC 9420 §6).
 *
 * @module
 */
import { equal } from '@canopy/crypto';
import {
  ContentType,
  SenderType,
  WireFormat,
  type MLSMessage,
  type PublicMessage,
  type Sender,
} from '@canopy/mls';
import { requireThat, RefusedSubmission } from './refused-submission.ts';

/** The part of a message that is not encrypted. */
export interface MessageHeader {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly contentType: ContentType;
  /** The whole message, where none of it is encrypted. */
  readonly publicMessage: PublicMessage | undefined;
  /** Whether somebody joins with it who is not a member: an external commit (RFC 9420 §12.4.3.2). */
  readonly isExternalCommit: boolean;
}

/** Reads the header of a message by a member, or of an external commit. @throws {RefusedSubmission} WRONG_CONTENT */
export function readHeader(message: MLSMessage): MessageHeader {
  if (message.wireFormat === WireFormat.privateMessage) {
    const { groupId, epoch, contentType } = message.privateMessage;
    return { groupId, epoch, contentType, publicMessage: undefined, isExternalCommit: false };
  }
  if (message.wireFormat !== WireFormat.publicMessage) {
    throw new RefusedSubmission('WRONG_CONTENT', 'a PublicMessage or a PrivateMessage is expected');
  }
  const { publicMessage } = message;
  const { groupId, epoch, sender, body } = publicMessage.content;
  requireKnownSender(sender);
  const isExternalCommit = sender.senderType === SenderType.newMemberCommit;
  return { groupId, epoch, contentType: body.contentType, publicMessage, isExternalCommit };
}

function requireKnownSender({ senderType }: Sender): void {
  requireThat(
    senderType === SenderType.member || senderType === SenderType.newMemberCommit,
    'WRONG_CONTENT',
    'only what a member sends is taken, and external commits: no proposals of outsiders',
  );
}

/** Requires that a message belongs where its envelope says. @throws {RefusedSubmission} WRONG_GROUP, WRONG_EPOCH */
export function requirePlace(
  header: Pick<MessageHeader, 'groupId' | 'epoch'>,
  envelope: { readonly groupId: Uint8Array; readonly epoch: bigint },
): void {
  requireThat(equal(header.groupId, envelope.groupId), 'WRONG_GROUP', 'the message is for another group');
  requireThat(header.epoch === envelope.epoch, 'WRONG_EPOCH', 'the message is of another epoch');
}
