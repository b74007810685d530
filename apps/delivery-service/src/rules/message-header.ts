/**
 * What the service reads of a handshake or application message: to which group, epoch and kind it belongs (RFC 9420 §6).
 *
 * @module
 */
import { equal } from '@canopy/crypto';
import { ContentType, SenderType, WireFormat, type MLSMessage } from '@canopy/mls';
import { requireThat, RefusedSubmission } from './refused-submission.ts';

/** The part of a message that is not encrypted. */
export interface MessageHeader {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly contentType: ContentType;
  readonly isPublic: boolean;
  /** The tag of a commit that is not encrypted (RFC 9420 §6.1). */
  readonly confirmationTag: Uint8Array | undefined;
}

/** Reads the header of a message that a member sent. @throws {RefusedSubmission} WRONG_CONTENT */
export function readHeader(message: MLSMessage): MessageHeader {
  if (message.wireFormat === WireFormat.privateMessage) {
    return { ...message.privateMessage, isPublic: false, confirmationTag: undefined };
  }
  if (message.wireFormat !== WireFormat.publicMessage) {
    throw new RefusedSubmission('WRONG_CONTENT', 'a PublicMessage or a PrivateMessage is expected');
  }
  const { content, auth } = message.publicMessage;
  const { groupId, epoch, sender, body } = content;
  requireThat(
    sender.senderType === SenderType.member,
    'WRONG_CONTENT',
    'only what a member sends is taken: no external sender, no new member',
  );
  const { contentType } = body;
  return { groupId, epoch, contentType, isPublic: true, confirmationTag: auth.confirmationTag };
}

/** Requires that a message belongs where its envelope says. @throws {RefusedSubmission} WRONG_GROUP, WRONG_EPOCH */
export function requirePlace(
  header: Pick<MessageHeader, 'groupId' | 'epoch'>,
  envelope: { readonly groupId: Uint8Array; readonly epoch: bigint },
): void {
  requireThat(equal(header.groupId, envelope.groupId), 'WRONG_GROUP', 'the message is for another group');
  requireThat(header.epoch === envelope.epoch, 'WRONG_EPOCH', 'the message is of another epoch');
}
