import {
  framedContentTbs,
  signFramedContent,
  type FramedContentAuthData,
} from '../src/framing/authentication.ts';
import { ContentType, SenderType, type FramedContent } from '../src/framing/content.ts';
import type { MLSMessage } from '../src/framing/message.ts';
import { authenticatedContentTbm, computeMembershipTag } from '../src/framing/public-message.ts';
import type { GroupState } from '../src/group/state.ts';
import { WireFormat } from '../src/registries.ts';
import type { Peer } from './parties.ts';

/*
 * PublicMessages of a member that signs what it likes and tags it properly: the signature is the one fault.
 */

/** What can be wrong with a PublicMessage whose membership tag is right. */
export interface PublicForgery {
  /** What the signature is made over instead of the content. */
  readonly tbs?: Uint8Array;
  readonly signaturePrivateKey?: Uint8Array;
  /** The signature and confirmation tag, ready made. */
  readonly auth?: FramedContentAuthData;
}

/** Gives what a member signs for a content in a PublicMessage. */
export function tbsOf({ group }: Peer, content: FramedContent): Uint8Array {
  return framedContentTbs(WireFormat.publicMessage, content, group.state.groupContext);
}

function authFor(
  { suite, signaturePrivateKey }: GroupState,
  content: FramedContent,
  tbs: Uint8Array,
  how: PublicForgery,
): FramedContentAuthData {
  const signature = signFramedContent(suite, how.tbs ?? tbs, how.signaturePrivateKey ?? signaturePrivateKey);
  const isCommit = content.body.contentType === ContentType.commit;
  return { signature, confirmationTag: isCommit ? suite.random(suite.mac.size) : undefined };
}

/** Makes a PublicMessage with a true membership tag around any content and any signature. */
export function forgePublic(peer: Peer, content: FramedContent, how: PublicForgery = {}): MLSMessage {
  const { state } = peer.group;
  const tbs = tbsOf(peer, content);
  const auth = how.auth ?? authFor(state, content, tbs, how);
  const tbm = authenticatedContentTbm(tbs, { content, auth });
  const isMember = content.sender.senderType === SenderType.member;
  const membershipTag = isMember
    ? computeMembershipTag(state.suite, state.secrets.membershipKey, tbm)
    : undefined;
  return { wireFormat: WireFormat.publicMessage, publicMessage: { content, auth, membershipTag } };
}
