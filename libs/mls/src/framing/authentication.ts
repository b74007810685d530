/**
 * What proves who wrote a content: signature and confirmation tag (RFC 9420 §6.1).
 *
 * @module
 */

import { enumeration, opaque, uint16, useEncoded, Writer, type Codec } from '@canopy/codec';
import { makeProposalRef, signWithLabel, verifyWithLabel, type CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { ProtocolVersion, WireFormat, type ContentWireFormat } from '../registries.ts';
import { GroupContext } from '../schedule/group-context.ts';
import { ContentType, FramedContent, SenderType } from './content.ts';

/** The signature, and for commits the confirmation tag (RFC 9420 §6.1). */
export interface FramedContentAuthData {
  readonly signature: Uint8Array;
  /** Present exactly for commits. */
  readonly confirmationTag: Uint8Array | undefined;
}

/** The codec of the auth data that goes with a content type: it is not written beside it (RFC 9420 §6.1). */
export function framedContentAuthData(contentType: ContentType): Codec<FramedContentAuthData> {
  const isCommit = contentType === ContentType.commit;
  return {
    write(writer, { signature, confirmationTag }) {
      opaque.write(writer, signature);
      if (isCommit) opaque.write(writer, required(confirmationTag, 'the confirmation tag of a commit'));
    },
    read(reader) {
      const signature = opaque.read(reader);
      return { signature, confirmationTag: isCommit ? opaque.read(reader) : undefined };
    },
  };
}

const contentWireFormat = enumeration(uint16, {
  publicMessage: WireFormat.publicMessage,
  privateMessage: WireFormat.privateMessage,
});

/** A content with what authenticates it (RFC 9420 §6). */
export interface AuthenticatedContent {
  readonly wireFormat: ContentWireFormat;
  readonly content: FramedContent;
  readonly auth: FramedContentAuthData;
}

/** AuthenticatedContent as it is hashed and stored (RFC 9420 §6). */
export const AuthenticatedContent: Codec<AuthenticatedContent> = {
  write(writer, { wireFormat, content, auth }) {
    contentWireFormat.write(writer, wireFormat);
    FramedContent.write(writer, content);
    framedContentAuthData(content.body.contentType).write(writer, auth);
  },
  read(reader) {
    const wireFormat = contentWireFormat.read(reader);
    const content = FramedContent.read(reader);
    return { wireFormat, content, auth: framedContentAuthData(content.body.contentType).read(reader) };
  },
};

/** FramedContentTBS: what is signed. The struct governs, not the prose (RFC 9420 §6.1, text note T-06). */
export function framedContentTbs(
  wireFormat: ContentWireFormat,
  content: FramedContent,
  groupContext: GroupContext,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.uint(ProtocolVersion.mls10, 2);
    writer.uint(wireFormat, 2);
    FramedContent.write(writer, content);
    const { senderType } = content.sender;
    if (senderType === SenderType.member || senderType === SenderType.newMemberCommit) {
      GroupContext.write(writer, groupContext);
    }
    return writer.finish();
  });
}

/** Signs a content for a wire format (RFC 9420 §6.1). */
export function signFramedContent(
  suite: CipherSuite,
  tbs: Uint8Array,
  signaturePrivateKey: Uint8Array,
): Uint8Array {
  return signWithLabel(suite, signaturePrivateKey, 'FramedContentTBS', tbs);
}

/** Says whether a content is signed with a key (RFC 9420 §6.1). */
export function verifyFramedContent(
  suite: CipherSuite,
  signed: { readonly tbs: Uint8Array; readonly signature: Uint8Array; readonly publicKey: Uint8Array },
): boolean {
  const { tbs, signature, publicKey } = signed;
  return verifyWithLabel(suite, { publicKey, label: 'FramedContentTBS', content: tbs, signature });
}

/** Gives the reference by which a commit names a proposal (RFC 9420 §5.2, R5.2-03). */
export function proposalRef(suite: CipherSuite, proposal: AuthenticatedContent): Uint8Array {
  return useEncoded(AuthenticatedContent, proposal, (bytes) => makeProposalRef(suite, bytes));
}
