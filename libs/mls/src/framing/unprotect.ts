/**
 * From message to verified content (RFC 9420 §6.1, §6.2, §6.3).
 *
 * @module
 */

import { CodecError, encode } from '@canopy/codec';
import { CryptoError, wipe, type CipherSuite } from '@canopy/crypto';
import { MlsError, refuse } from '../errors.ts';
import { WireFormat, type ContentWireFormat } from '../registries.ts';
import type { Lookup, MessageKey, RatchetLimits } from '../secret-tree/hash-ratchet.ts';
import type { SecretTree } from '../secret-tree/secret-tree.ts';
import {
  framedContentTbs,
  verifyFramedContent,
  type AuthenticatedContent,
  type FramedContentAuthData,
} from './authentication.ts';
import { ContentType, SenderType, type FramedContent } from './content.ts';
import type { LeafIndex } from '../tree/math.ts';
import { decodePrivateContent, PrivateContentAAD, type PrivateMessage } from './private-message.ts';
import { authenticatedContentTbm, type PublicMessage } from './public-message.ts';
import { applyReuseGuard, openSenderData, type SenderData } from './sender-data.ts';
import { senderSignatureKey, type SenderEpoch } from './sender-key.ts';

declare const verifiedBrand: unique symbol;

/** A content whose signature, and tag or encryption, were found valid. Only this file makes one. */
export type Verified = AuthenticatedContent & { readonly [verifiedBrand]: true };

/** What a member opens messages with. */
export interface ReceivingKeys extends SenderEpoch {
  readonly suite: CipherSuite;
  readonly membershipKey: Uint8Array;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
  readonly limits: RatchetLimits;
  /** The receiver's own leaf: it cannot open what it sent, its keys are gone. */
  readonly ownLeafIndex: LeafIndex | undefined;
}

/** A verified content; one of the two has to be called, when it was acted upon or refused. */
export interface Unprotected {
  readonly verified: Verified;
  /** Overwrites the message key: the message cannot be opened again (RFC 9420 §9.2). */
  accept(): void;
  /** Leaves the ratchet as it was. */
  refuse(): void;
}

/** What anybody verifies messages with. */
type PublicKeys = Pick<ReceivingKeys, 'suite' | 'groupContext' | 'tree'>;

/** Verifies a PublicMessage as far as somebody can who is not a member: its signature (RFC 9420 §6.1). */
export function verifyPublic(keys: PublicKeys, message: PublicMessage): Verified {
  return verifySigned(keys, message, tbsOfPublic(keys, message));
}

/** Verifies a PublicMessage: membership tag and signature (RFC 9420 §6.2). */
export function unprotectPublic(
  keys: PublicKeys & Pick<ReceivingKeys, 'membershipKey'>,
  message: PublicMessage,
): Unprotected {
  const tbs = tbsOfPublic(keys, message);
  if (message.content.sender.senderType === SenderType.member) {
    const tbm = authenticatedContentTbm(tbs, message);
    if (!keys.suite.mac.verify(keys.membershipKey, tbm, message.membershipTag ?? new Uint8Array(0))) {
      refuse('INVALID_MEMBERSHIP_TAG', 'R6.2-02', 'the membership tag is not valid');
    }
  }
  return { verified: verifySigned(keys, message, tbs), accept: () => {}, refuse: () => {} };
}

function tbsOfPublic({ groupContext }: PublicKeys, { content }: PublicMessage): Uint8Array {
  if (content.body.contentType === ContentType.application) {
    refuse('APPLICATION_DATA_IN_PUBLIC', 'R6-01', 'application data is sent in PrivateMessage only');
  }
  return framedContentTbs(WireFormat.publicMessage, content, groupContext);
}

function verifySigned(keys: PublicKeys, { content, auth }: PublicMessage, tbs: Uint8Array): Verified {
  return verify(keys, { wireFormat: WireFormat.publicMessage, content, auth }, tbs);
}

function verify(keys: PublicKeys, authenticated: AuthenticatedContent, tbs: Uint8Array): Verified {
  const { content, auth } = authenticated;
  const publicKey = senderSignatureKey(content, keys);
  if (!isSigned(keys.suite, { tbs, signature: auth.signature, publicKey })) {
    refuse('INVALID_SIGNATURE', 'R6.1-09', 'the signature of the content is not valid');
  }
  // oxlint-disable-next-line no-unsafe-type-assertion -- the one place where the brand is given, after the check
  return authenticated as Verified;
}

// The key of a new member is still unchecked when its signature is: a malformed one makes the signature invalid.
function isSigned(suite: CipherSuite, signed: Parameters<typeof verifyFramedContent>[1]): boolean {
  try {
    return verifyFramedContent(suite, signed);
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

/** Decrypts and verifies a PrivateMessage; the ratchet moves only when the result is accepted (RFC 9420 §6.3). */
export function unprotectPrivate(keys: ReceivingKeys, message: PrivateMessage): Unprotected {
  const senderData = hideReason(() => openSenderData(keys.suite, keys.senderDataSecret, message));
  if (keys.tree.findLeaf(senderData.leafIndex) === undefined) {
    refuse('UNKNOWN_SENDER', 'R6.3.2-05', 'the sender is not a member');
  }
  if (senderData.leafIndex === keys.ownLeafIndex) {
    refuse('OWN_MESSAGE', 'R12.4.2-17', 'the message was sent by this member itself');
  }
  const kind = message.contentType === ContentType.application ? 'application' : 'handshake';
  const { leafIndex, generation } = senderData;
  const lookup = keys.secretTree.lookUp(leafIndex, kind, generation, keys.limits);
  try {
    const opened = openContent(keys.suite, message, senderData, lookup);
    const tbs = framedContentTbs(WireFormat.privateMessage, opened.content, keys.groupContext);
    const verified = verify(keys, opened, tbs);
    return { verified, accept: () => lookup.consume(), refuse: () => lookup.discard() };
  } catch (error) {
    lookup.discard();
    throw error;
  }
}

function openContent(
  suite: CipherSuite,
  message: PrivateMessage,
  { leafIndex, reuseGuard }: SenderData,
  { messageKey }: Lookup,
): AuthenticatedContent {
  const { body, auth } = hideReason(() =>
    decodePrivateContent(message.contentType, decrypt(suite, message, messageKey, reuseGuard)),
  );
  const { groupId, epoch, authenticatedData } = message;
  const sender = { senderType: SenderType.member, leafIndex };
  return privateContent({ groupId, epoch, sender, authenticatedData, body }, auth);
}

function decrypt(
  suite: CipherSuite,
  message: PrivateMessage,
  messageKey: MessageKey,
  reuseGuard: Uint8Array,
): Uint8Array {
  const nonce = Uint8Array.from(messageKey.nonce);
  applyReuseGuard(nonce, reuseGuard);
  try {
    return suite.aead.open(messageKey.key, nonce, encode(PrivateContentAAD, message), message.ciphertext);
  } finally {
    wipe(nonce);
  }
}

function privateContent(content: FramedContent, auth: FramedContentAuthData): AuthenticatedContent {
  const wireFormat: ContentWireFormat = WireFormat.privateMessage;
  return { wireFormat, content, auth };
}

/** Lets a failed decryption and a malformed content look alike (house rule: nothing for an oracle). */
function hideReason<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof MlsError && error.code === 'INVALID_PADDING') throw error;
    if (error instanceof CryptoError || error instanceof CodecError || error instanceof MlsError) {
      refuse('DECRYPTION_FAILED', 'R6.3.1-04', 'the message cannot be decrypted', error);
    }
    throw error;
  }
}
