/**
 * What is sent in a group, before it is protected (RFC 9420 §6).
 *
 * @module
 */

import { opaque, retained, select, struct, uint32, uint64, uint8, type TypeOf } from '@canopy/codec';
import { Commit } from '../commits/commit.ts';
import { Proposal } from '../proposals/proposal.ts';
import { LeafIndexCodec } from '../tree/math.ts';

/** §6: the three kinds of content. */
export const ContentType = { application: 1, proposal: 2, commit: 3 } as const;
/** §6: the three kinds of content. */
export type ContentType = (typeof ContentType)[keyof typeof ContentType];

/** §6: who can send. */
export const SenderType = { member: 1, external: 2, newMemberProposal: 3, newMemberCommit: 4 } as const;

/** Who sends (RFC 9420 §6). */
export const Sender = select('senderType', uint8, {
  [SenderType.member]: struct({ leafIndex: LeafIndexCodec }),
  [SenderType.external]: struct({ senderIndex: uint32 }),
  [SenderType.newMemberProposal]: struct({}),
  [SenderType.newMemberCommit]: struct({}),
});
/** Who sends (RFC 9420 §6). */
export type Sender = TypeOf<typeof Sender>;

/** The content by its type; PrivateMessage writes it without the type in front (RFC 9420 §6.3.1). */
export const contentBodies = {
  [ContentType.application]: struct({ applicationData: opaque }),
  [ContentType.proposal]: struct({ proposal: Proposal }),
  [ContentType.commit]: struct({ commit: Commit }),
};

/** The content with its type in front (RFC 9420 §6). */
export const ContentBody = select('contentType', uint8, contentBodies);
/** The content with its type (RFC 9420 §6). */
export type ContentBody = TypeOf<typeof ContentBody>;

/** What is sent, by whom, for which epoch (RFC 9420 §6). */
export const FramedContent = retained(
  struct({
    groupId: opaque,
    epoch: uint64,
    sender: Sender,
    authenticatedData: opaque,
    body: ContentBody,
  }),
);
/** What is sent, by whom, for which epoch (RFC 9420 §6). */
export type FramedContent = TypeOf<typeof FramedContent>;
