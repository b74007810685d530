/**
 * Messages that are signed but not encrypted (RFC 9420 §6.2).
 *
 * @module
 */

import { opaque, Writer, type Codec } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { framedContentAuthData, type FramedContentAuthData } from './authentication.ts';
import { FramedContent, SenderType } from './content.ts';

/** A content with its auth data, and for members a tag that only members can make (RFC 9420 §6.2). */
export interface PublicMessage {
  readonly content: FramedContent;
  readonly auth: FramedContentAuthData;
  /** Present exactly for members. */
  readonly membershipTag: Uint8Array | undefined;
}

/** A content with its auth data and, for members, the membership tag (RFC 9420 §6.2). */
export const PublicMessage: Codec<PublicMessage> = {
  write(writer, { content, auth, membershipTag }) {
    FramedContent.write(writer, content);
    framedContentAuthData(content.body.contentType).write(writer, auth);
    if (content.sender.senderType === SenderType.member) {
      opaque.write(writer, required(membershipTag, 'the membership tag of a member'));
    }
  },
  read(reader) {
    const content = FramedContent.read(reader);
    const auth = framedContentAuthData(content.body.contentType).read(reader);
    const isMember = content.sender.senderType === SenderType.member;
    return { content, auth, membershipTag: isMember ? opaque.read(reader) : undefined };
  },
};

/** What the membership tag covers: AuthenticatedContentTBM (RFC 9420 §6.2). */
export function authenticatedContentTbm(
  tbs: Uint8Array,
  { content, auth }: Pick<PublicMessage, 'content' | 'auth'>,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.bytes(tbs);
    framedContentAuthData(content.body.contentType).write(writer, auth);
    return writer.finish();
  });
}

/** Makes the membership tag (RFC 9420 §6.2). */
export function computeMembershipTag(
  suite: CipherSuite,
  membershipKey: Uint8Array,
  tbm: Uint8Array,
): Uint8Array {
  return suite.mac.compute(membershipKey, tbm);
}
