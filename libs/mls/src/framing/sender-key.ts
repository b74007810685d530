/**
 * Whose key a content has to be signed with, and what each sender may send (RFC 9420 §6.1, §12.1.8).
 *
 * @module
 */

import { refuse } from '../errors.ts';
import { ProposalType } from '../registries.ts';
import { externalSendersOf, type GroupContext } from '../schedule/group-context.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import { ContentType, SenderType, type FramedContent } from './content.ts';

/** The epoch that a content was sent in. */
export interface SenderEpoch {
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
}

/** §17.4: the proposal types that an external sender may send. */
const externalProposalTypes: ReadonlySet<number> = new Set([
  ProposalType.add,
  ProposalType.remove,
  ProposalType.psk,
  ProposalType.reinit,
  ProposalType.groupContextExtensions,
]);

/** Finds the key of a content's sender. @throws MlsError UNKNOWN_SENDER, SENDER_NOT_ALLOWED */
export function senderSignatureKey(content: FramedContent, epoch: SenderEpoch): Uint8Array {
  switch (content.sender.senderType) {
    case SenderType.member:
      return memberKey(content.sender.leafIndex, epoch.tree);
    case SenderType.external:
      return externalKey(content, content.sender.senderIndex, epoch.groupContext);
    case SenderType.newMemberProposal:
      return newMemberProposalKey(content);
    case SenderType.newMemberCommit:
      return newMemberCommitKey(content);
  }
}

function memberKey(leafIndex: number, tree: RatchetTree): Uint8Array {
  const leaf = tree.findLeaf(leafIndex);
  if (leaf === undefined) refuse('UNKNOWN_SENDER', 'R6.1-04', `leaf ${leafIndex} is not a member`);
  return leaf.signatureKey;
}

function externalKey({ body }: FramedContent, index: number, groupContext: GroupContext): Uint8Array {
  if (body.contentType !== ContentType.proposal || !externalProposalTypes.has(body.proposal.proposalType)) {
    refuse('SENDER_NOT_ALLOWED', 'R6.1-06', 'an external sender may not send this');
  }
  const sender = externalSendersOf(groupContext)[index];
  if (sender === undefined) refuse('UNKNOWN_SENDER', 'R6.1-05', `there is no external sender ${index}`);
  return sender.signatureKey;
}

function newMemberProposalKey({ body }: FramedContent): Uint8Array {
  if (body.contentType !== ContentType.proposal || body.proposal.proposalType !== ProposalType.add) {
    refuse('SENDER_NOT_ALLOWED', 'R6.1-08', 'a new member may only propose to add itself');
  }
  return body.proposal.keyPackage.leafNode.signatureKey;
}

function newMemberCommitKey({ body }: FramedContent): Uint8Array {
  if (body.contentType !== ContentType.commit) {
    refuse('SENDER_NOT_ALLOWED', 'R6.1-07', 'a new member may only send a commit that adds itself');
  }
  const { path } = body.commit;
  if (path === undefined) refuse('PATH_REQUIRED', 'R12.4.3.2-03', 'an external Commit needs a path');
  return path.leafNode.signatureKey;
}
