/**
 * Messages that are signed and encrypted (RFC 9420 §6.3).
 *
 * @module
 */

import { enumeration, opaque, Reader, struct, uint64, uint8, Writer, type TypeOf } from '@canopy/codec';
import { refuse } from '../errors.ts';
import { framedContentAuthData, type FramedContentAuthData } from './authentication.ts';
import { contentBodies, ContentType, type ContentBody } from './content.ts';

const contentType = enumeration(uint8, ContentType);

/** An encrypted content (RFC 9420 §6.3). */
export const PrivateMessage = struct({
  groupId: opaque,
  epoch: uint64,
  contentType,
  authenticatedData: opaque,
  encryptedSenderData: opaque,
  ciphertext: opaque,
});
/** An encrypted content (RFC 9420 §6.3). */
export type PrivateMessage = TypeOf<typeof PrivateMessage>;

/** What the content's encryption authenticates beside it (RFC 9420 §6.3.1). */
export const PrivateContentAAD = struct({
  groupId: opaque,
  epoch: uint64,
  contentType,
  authenticatedData: opaque,
});

/** What is inside of the ciphertext: the content without its type, its auth data, zeros (RFC 9420 §6.3.1). */
export interface PrivateMessageContent {
  readonly body: ContentBody;
  readonly auth: FramedContentAuthData;
}

/** Encodes what is to be encrypted, with zeros up to the length that is asked for (RFC 9420 §6.3.1, R6.3.1-02). */
export function encodePrivateContent(
  { body, auth }: PrivateMessageContent,
  paddedLength: (length: number) => number,
): Uint8Array {
  return Writer.lend((writer) => {
    writeBody(writer, body);
    framedContentAuthData(body.contentType).write(writer, auth);
    const { written } = writer;
    const padded = new Uint8Array(paddedLength(written.length));
    padded.set(written);
    return padded;
  });
}

function writeBody(writer: Writer, body: ContentBody): void {
  switch (body.contentType) {
    case ContentType.application:
      return contentBodies[ContentType.application].write(writer, body);
    case ContentType.proposal:
      return contentBodies[ContentType.proposal].write(writer, body);
    case ContentType.commit:
      return contentBodies[ContentType.commit].write(writer, body);
  }
}

/** Decodes what was decrypted. @throws MlsError INVALID_PADDING (R6.3.1-03), CodecError */
export function decodePrivateContent(type: ContentType, bytes: Uint8Array): PrivateMessageContent {
  const reader = new Reader(bytes);
  const body = readBody(type, reader);
  const auth = framedContentAuthData(type).read(reader);
  if (reader.bytes(reader.remaining).some((byte) => byte !== 0)) {
    refuse('INVALID_PADDING', 'R6.3.1-03', 'padding has to be zero');
  }
  return { body, auth };
}

function readBody(type: ContentType, reader: Reader): ContentBody {
  switch (type) {
    case ContentType.application:
      return { contentType: type, ...contentBodies[type].read(reader) };
    case ContentType.proposal:
      return { contentType: type, ...contentBodies[type].read(reader) };
    case ContentType.commit:
      return { contentType: type, ...contentBodies[type].read(reader) };
  }
}
