import { encode, enumeration, opaque, struct, uint64, uint8 } from '@canopy/codec';

import type { AuthenticatedContent } from '../src/framing/authentication.ts';
import { ContentType, type ContentBody, type FramedContent } from '../src/framing/content.ts';
import type { MLSMessage } from '../src/framing/message.ts';
import {
  encodePrivateContent,
  PrivateContentAAD,
  type PrivateMessage,
} from '../src/framing/private-message.ts';
import { signContent } from '../src/framing/protect.ts';
import { applyReuseGuard, openSenderData, SenderData, senderDataKey } from '../src/framing/sender-data.ts';
import type { GroupState } from '../src/group/state.ts';
import { defaultPolicy } from '../src/policy.ts';
import { WireFormat } from '../src/registries.ts';
import type { MessageKey } from '../src/secret-tree/hash-ratchet.ts';
import { toLeafIndex } from '../src/tree/math.ts';
import { contentOf } from './forge.ts';
import { restarted, type Peer } from './parties.ts';

/*
 * PrivateMessages of a member that does not keep to the rules, and what is inside of those of one that does.
 */

/** A sender's two ratchets. */
export type RatchetKind = 'handshake' | 'application';

/** What can be wrong with a PrivateMessage whose encryption is right. */
export interface PrivateForgery {
  readonly body: ContentBody;
  readonly content?: Partial<FramedContent>;
  readonly ratchet?: RatchetKind;
  /** What the sender data says, whatever key is used. */
  readonly leafIndex?: number;
  readonly generation?: number;
  readonly change?: (plaintext: Uint8Array) => Uint8Array;
  readonly changeSenderData?: (plaintext: Uint8Array) => Uint8Array;
  /** The content type that the sender data is bound to. */
  readonly senderDataFor?: ContentType;
  /** The content type that is written in front; the true one is what both encryptions are bound to. */
  readonly announced?: ContentType;
  readonly signaturePrivateKey?: Uint8Array;
  readonly signedFor?: typeof WireFormat.publicMessage;
}

type Header = Pick<PrivateMessage, 'groupId' | 'epoch' | 'contentType'>;

// Written down once more, so that it does not change when the one under test does.
const SenderDataAAD = struct({
  groupId: opaque,
  epoch: uint64,
  contentType: enumeration(uint8, ContentType),
});

/** Says which ratchet belongs to a content type. */
export function ratchetOf(contentType: ContentType): RatchetKind {
  return contentType === ContentType.application ? 'application' : 'handshake';
}

function authFor(
  { suite, groupContext, signaturePrivateKey }: GroupState,
  content: FramedContent,
  how: PrivateForgery,
): AuthenticatedContent['auth'] {
  const wireFormat = how.signedFor ?? WireFormat.privateMessage;
  const signer = how.signaturePrivateKey ?? signaturePrivateKey;
  const signature = signContent({ suite, groupContext }, wireFormat, content, signer);
  const isCommit = content.body.contentType === ContentType.commit;
  return { signature, confirmationTag: isCommit ? suite.random(32) : undefined };
}

function sealAnySenderData(
  { suite, secrets }: GroupState,
  header: Header,
  ciphertext: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { key, nonce } = senderDataKey(suite, secrets.senderDataSecret, ciphertext);
  return suite.aead.seal(key, nonce, encode(SenderDataAAD, header), plaintext);
}

/** Encrypts anything with a true key of the forger's ratchet; its own state stays as it was. */
export function forgePrivate(peer: Peer, how: PrivateForgery): MLSMessage {
  const forger = restarted(peer);
  const { state, suite } = forger.group;
  const content = contentOf(forger, how.body, how.content);
  const { groupId, epoch, authenticatedData, body } = content;
  const header = { groupId, epoch, contentType: body.contentType };
  const kind = how.ratchet ?? ratchetOf(body.contentType);
  const taken = state.secretTree.ratchet(state.ownLeafIndex, kind).next();
  const senderData = {
    leafIndex: toLeafIndex(how.leafIndex ?? state.ownLeafIndex),
    generation: how.generation ?? taken.generation,
    reuseGuard: suite.random(4),
  };
  applyReuseGuard(taken.nonce, senderData.reuseGuard);
  const plaintext = encodePrivateContent(
    { body, auth: authFor(state, content, how) },
    (length) => length + 7,
  );
  const aad = encode(PrivateContentAAD, { ...header, authenticatedData });
  const ciphertext = suite.aead.seal(taken.key, taken.nonce, aad, how.change?.(plaintext) ?? plaintext);
  const inside = encode(SenderData, senderData);
  const boundTo = { ...header, contentType: how.senderDataFor ?? header.contentType };
  const changed = how.changeSenderData?.(inside) ?? inside;
  const encryptedSenderData = sealAnySenderData(state, boundTo, ciphertext, changed);
  const contentType = how.announced ?? header.contentType;
  const privateMessage = { ...header, contentType, authenticatedData, encryptedSenderData, ciphertext };
  return { wireFormat: WireFormat.privateMessage, privateMessage };
}

/** Gives the inside of a PrivateMessage. */
export function privateOf(message: MLSMessage): PrivateMessage {
  if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
  return message.privateMessage;
}

/** Changes fields of a PrivateMessage on its way. */
export function altered(message: MLSMessage, change: Partial<PrivateMessage>): MLSMessage {
  return {
    wireFormat: WireFormat.privateMessage,
    privateMessage: { ...privateOf(message), ...change },
  };
}

/** What a receiver finds in a PrivateMessage step by step. */
export interface OpenedByHand {
  readonly senderData: SenderData;
  readonly messageKey: MessageKey;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Opens a PrivateMessage with a copy of a receiver's secrets, which stay as they were. */
export function openByHand(receiver: Peer, message: MLSMessage): OpenedByHand {
  const { state, suite } = restarted(receiver).group;
  const sent = privateOf(message);
  const senderData = openSenderData(suite, state.secrets.senderDataSecret, sent);
  const ratchet = state.secretTree.ratchet(senderData.leafIndex, ratchetOf(sent.contentType));
  const { messageKey } = ratchet.lookUp(senderData.generation, defaultPolicy);
  const nonce = Uint8Array.from(messageKey.nonce, (byte, at) => byte ^ (senderData.reuseGuard[at] ?? 0));
  const aad = encode(PrivateContentAAD, sent);
  const plaintext = suite.aead.open(messageKey.key, nonce, aad, sent.ciphertext);
  return { senderData, messageKey, nonce, aad, plaintext };
}
