/**
 * From content to message: signing, and tagging or encrypting (RFC 9420 §6.1, §6.2, §6.3).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { WireFormat, type ContentWireFormat } from '../registries.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import type { SecretTree } from '../secret-tree/secret-tree.ts';
import {
  framedContentTbs,
  signFramedContent,
  type AuthenticatedContent,
  type FramedContentAuthData,
} from './authentication.ts';
import { ContentType, SenderType, type FramedContent } from './content.ts';
import type { MLSMessage } from './message.ts';
import { encodePrivateContent, PrivateContentAAD } from './private-message.ts';
import { authenticatedContentTbm, computeMembershipTag } from './public-message.ts';
import { applyReuseGuard, REUSE_GUARD_SIZE, sealSenderData } from './sender-data.ts';

/** What a member protects messages with during an epoch. */
export interface SendingKeys {
  readonly suite: CipherSuite;
  readonly groupContext: GroupContext;
  readonly membershipKey: Uint8Array;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
  readonly paddingBlock: number;
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

/** Makes a PrivateMessage and consumes a key of the sender's ratchet (RFC 9420 §6.3.1). */
export function protectPrivate(
  keys: SendingKeys,
  { content, auth }: { readonly content: FramedContent; readonly auth: FramedContentAuthData },
): MLSMessage {
  const { suite, secretTree, senderDataSecret, paddingBlock } = keys;
  const { groupId, epoch, authenticatedData, body, sender } = content;
  if (sender.senderType !== SenderType.member) {
    refuse('SENDER_NOT_ALLOWED', 'R6.3.2-01', 'only a member can send a PrivateMessage');
  }
  const { contentType } = body;
  const ratchet = contentType === ContentType.application ? 'application' : 'handshake';
  const { generation, key, nonce } = secretTree.ratchet(sender.leafIndex, ratchet).next();
  const reuseGuard = suite.random(REUSE_GUARD_SIZE);
  applyReuseGuard(nonce, reuseGuard);
  const aad = encode(PrivateContentAAD, { groupId, epoch, contentType, authenticatedData });
  const plaintext = encodePrivateContent({ body, auth }, paddingBlock);
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
