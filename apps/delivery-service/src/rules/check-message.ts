/**
 * Which messages the log takes besides commits (RFC 9420 §6, §12.1, §15).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { ContentType, type PublicMessage } from '@canopy/mls';
import type { MessageKind } from '@canopy/storage';
import { readHeader, requirePlace, type MessageHeader } from './message-header.ts';
import { readMlsMessage, requireThat, RefusedSubmission } from './refused-submission.ts';

/** A message, and where it is said to belong. */
export type EnvelopedMessage = Pick<delivery.GroupMessage, 'groupId' | 'epoch' | 'mlsMessage'>;

/** What a message is. */
export interface CheckedMessage {
  readonly kind: MessageKind;
  /** Only of a proposal that is not encrypted: the group's public state has something to say about it. */
  readonly publicProposal: PublicMessage | undefined;
}

/** Checks a message and says what it is. @throws {RefusedSubmission} */
export function checkMessage(message: EnvelopedMessage, maxBytes: number): CheckedMessage {
  const { mlsMessage } = message;
  requireThat(
    mlsMessage.length <= maxBytes,
    'TOO_LARGE',
    `CANOPY_MAX_MLS_MESSAGE_BYTES: a message has at most ${maxBytes} bytes`,
  );
  const header = readHeader(readMlsMessage(mlsMessage, 'mls_message'));
  requireThat(!header.isExternalCommit, 'WRONG_CONTENT', 'an external commit goes by SubmitCommit');
  requirePlace(header, message);
  const kind = kindOf(header);
  return { kind, publicProposal: header.publicMessage };
}

function kindOf({ contentType, publicMessage }: MessageHeader): MessageKind {
  switch (contentType) {
    case ContentType.proposal:
      return 'proposal';
    case ContentType.application:
      requireThat(publicMessage === undefined, 'WRONG_CONTENT', 'application data has to be encrypted');
      return 'application';
    case ContentType.commit:
      throw new RefusedSubmission('WRONG_CONTENT', 'a commit goes with its bundle, by SubmitCommit');
  }
}
