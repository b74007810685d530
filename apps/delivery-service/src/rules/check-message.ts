/**
 * Which messages the log takes besides commits (RFC 9420 §6, §12.1, §15).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import type { MessageKind } from '@canopy/storage';
import { readHeader, requirePlace } from './message-header.ts';
import { readMlsMessage, requireThat, RefusedSubmission } from './refused-submission.ts';

/** Checks a message and says what it is. @throws {RefusedSubmission} */
export function checkMessage(message: delivery.GroupMessage, maxBytes: number): MessageKind {
  const { mlsMessage } = message;
  requireThat(mlsMessage.length <= maxBytes, 'TOO_LARGE', `a message has at most ${maxBytes} bytes`);
  const header = readHeader(readMlsMessage(mlsMessage, 'mls_message'));
  requirePlace(header, message);
  return kindOf(header.contentType, header.isPublic);
}

function kindOf(contentType: ContentType, isPublic: boolean): MessageKind {
  switch (contentType) {
    case ContentType.proposal:
      return 'proposal';
    case ContentType.application:
      requireThat(!isPublic, 'WRONG_CONTENT', 'application data has to be encrypted');
      return 'application';
    case ContentType.commit:
      throw new RefusedSubmission('WRONG_CONTENT', 'a commit goes with its bundle, by SubmitCommit');
  }
}
