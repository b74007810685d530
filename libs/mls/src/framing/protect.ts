/**
 * From content to message: signing, and tagging or encrypting (RFC 9420 §6.1, §6.2, §6.3).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { Padding } from '../policy.ts';
import { WireFormat, type ContentWireFormat } from '../registries.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import type { MessageKey } from '../secret-tree/hash-ratchet.ts';
import type { SecretTree } from '../secret-tree/secret-tree.ts';
import type { LeafIndex } from '../tree/math.ts';
import {
  framedContentTbs,
  signFramedContent,
  type AuthenticatedContent,
  type FramedContentAuthData,
} from './authentication.ts';
import { requireMessageCount, requireMessageLength } from './aead-limits.ts';
import { ContentType, SenderType, type FramedContent } from './content.ts';
import type { MLSMessage } from './message.ts';
import { paddedLength } from './padding.ts';
import { encodePrivateContent, PrivateContentAAD, PrivateMessage } from './private-message.ts';
import { authenticatedContentTbm, computeMembershipTag } from './public-message.ts';
import { applyReuseGuard, REUSE_GUARD_SIZE, SENDER_DATA_SIZE, sealSenderData } from './sender-data.ts';

/** Version and wire format in front of every message (RFC 9420 §6). */
const MESSAGE_HEADER_SIZE = 4;
/** §2.1.2: a ciphertext's length takes at most this many bytes. */
const LONGEST_LENGTH_HEADER = 4;

/** What a member protects messages with during an epoch. */
export interface SendingKeys {
  readonly suite: CipherSuite;
  readonly groupContext: GroupContext;
  readonly membershipKey: Uint8Array;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
  readonly padding: Padding;
}

/** Signs a content; a commit's confirmation tag is added later, since it depends on the signature (RFC 9420 §6.1). */
export function signContent(
  keys: Pick<SendingKeys, 'suite' | 'groupContext'>,
  wireFormat: ContentWireFormat,
  content: FramedContent,
  signaturePrivateKey: Uint8Array,
): Uint8Array {
  if (content.body.contentType === ContentType.application && wireFormat !== WireFormat.privateMessage) {
    refuse('APPLICATION_DATA_IN_PUBLIC', 'R6-01', 'application data is sent in PrivateMessage only');
  }
  const tbs = framedContentTbs(wireFormat, content, keys.groupContext);
  return signFramedContent(keys.suite, tbs, signaturePrivateKey);
}

/** Makes the message of an authenticated content (RFC 9420 §6.2, §6.3). */
export function protect(keys: SendingKeys, authenticated: AuthenticatedContent): MLSMessage {
  return authenticated.wireFormat === WireFormat.publicMessage
    ? protectPublic(keys, authenticated)
    : protectPrivate(keys, authenticated);
}

/** Makes a PublicMessage; for members with the membership tag (RFC 9420 §6.2). */
export function protectPublic(
  keys: Pick<SendingKeys, 'suite' | 'groupContext' | 'membershipKey'>,
  { content, auth }: { readonly content: FramedContent; readonly auth: FramedContentAuthData },
): MLSMessage {
  const isMember = content.sender.senderType === SenderType.member;
  const tbm = (): Uint8Array =>
    authenticatedContentTbm(framedContentTbs(WireFormat.publicMessage, content, keys.groupContext), {
      content,
      auth,
    });
  const tag = isMember ? computeMembershipTag(keys.suite, keys.membershipKey, tbm()) : undefined;
  return { wireFormat: WireFormat.publicMessage, publicMessage: { content, auth, membershipTag: tag } };
}

/**
 * Makes a PrivateMessage and consumes a key of the sender's ratchet (RFC 9420 §6.3.1).
 *
 * @throws MlsError SENDER_NOT_ALLOWED for anybody but a member, AEAD_LIMIT; nothing is consumed then
 */
export function protectPrivate(
  keys: SendingKeys,
  { content, auth }: { readonly content: FramedContent; readonly auth: FramedContentAuthData },
): MLSMessage {
  const { suite, senderDataSecret } = keys;
  const { groupId, epoch, authenticatedData, body, sender } = content;
  if (sender.senderType !== SenderType.member) {
    refuse('SENDER_NOT_ALLOWED', 'R6.3.2-01', 'only a member can send a PrivateMessage');
  }
  const { contentType } = body;
  const aad = encode(PrivateContentAAD, { groupId, epoch, contentType, authenticatedData });
  const room = roomFor(keys, { groupId, epoch, contentType, authenticatedData });
  const plaintext = encodePrivateContent({ body, auth }, (length) =>
    paddedLength(keys.padding, length, room),
  );
  requireMessageLength(suite, plaintext.length + aad.length);
  const { generation, key, nonce } = takeKey(keys, sender.leafIndex, contentType);
  const reuseGuard = suite.random(REUSE_GUARD_SIZE);
  applyReuseGuard(nonce, reuseGuard);
  const ciphertext = suite.aead.seal(key, nonce, aad, plaintext);
  wipe(key, nonce, plaintext);
  const senderData = { leafIndex: sender.leafIndex, generation, reuseGuard };
  const header = { groupId, epoch, contentType, ciphertext };
  const encryptedSenderData = sealSenderData(suite, senderDataSecret, { ...header, senderData });
  return {
    wireFormat: WireFormat.privateMessage,
    privateMessage: { ...header, authenticatedData, encryptedSenderData },
  };
}

function takeKey(
  { suite, secretTree }: SendingKeys,
  leafIndex: LeafIndex,
  contentType: ContentType,
): MessageKey {
  const ratchet = secretTree.ratchet(
    leafIndex,
    contentType === ContentType.application ? 'application' : 'handshake',
  );
  requireMessageCount(suite, ratchet.chain.generation);
  return ratchet.next();
}

/** Gives how long the content may be made by padding so that the whole message stays inside of its limit (R15.1-01). */
function roomFor(
  { suite, padding }: SendingKeys,
  header: Pick<PrivateMessage, 'groupId' | 'epoch' | 'contentType' | 'authenticatedData'>,
): number {
  if (padding.kind === 'none' || padding.limit === undefined) return Infinity;
  const nothing = new Uint8Array(0);
  const encryptedSenderData = new Uint8Array(SENDER_DATA_SIZE + suite.aead.tagSize);
  const others = encode(PrivateMessage, { ...header, encryptedSenderData, ciphertext: nothing }).length;
  return padding.limit - MESSAGE_HEADER_SIZE - others - LONGEST_LENGTH_HEADER - suite.aead.tagSize;
}
