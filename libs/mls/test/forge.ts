import { encode } from '@canopy/codec';

import type { Commit } from '../src/commits/commit.ts';
import type { CommitRequest } from '../src/commits/create-commit.ts';
import type { AuthenticatedContent } from '../src/framing/authentication.ts';
import { ContentType, FramedContent, SenderType, type ContentBody } from '../src/framing/content.ts';
import type { MLSMessage } from '../src/framing/message.ts';
import { protect, signContent } from '../src/framing/protect.ts';
import type { PublicMessage } from '../src/framing/public-message.ts';
import { sendingKeys } from '../src/group/state.ts';
import { defaultPolicy } from '../src/policy.ts';
import { WireFormat, type ContentWireFormat } from '../src/registries.ts';
import { LeafNodeSource, signLeafNode, type LeafNode, type LeafNodeContent } from '../src/tree/leaf-node.ts';
import type { UpdatePath } from '../src/tree/update-path.ts';
import { empty, type Peer } from './parties.ts';

/*
 * Messages of a member that does not keep to the rules: each is signed, tagged and encrypted as it should be, so that
 * only what is wrong with its content can be the reason to refuse it.
 */

/** What a forger decides about a message beside its body. */
export interface Forgery {
  readonly wireFormat?: ContentWireFormat;
  readonly content?: Partial<FramedContent>;
  readonly confirmationTag?: Uint8Array;
  readonly signaturePrivateKey?: Uint8Array;
}

/** Makes a content as the member would send it. */
export function contentOf(
  { group }: Peer,
  body: ContentBody,
  more: Partial<FramedContent> = {},
): FramedContent {
  const { groupContext, ownLeafIndex: leafIndex } = group.state;
  const { groupId, epoch } = groupContext;
  const sender = { senderType: SenderType.member, leafIndex };
  return { groupId, epoch, sender, authenticatedData: empty, body, ...more };
}

/** Signs and protects whatever the forger likes. */
export function forge(peer: Peer, body: ContentBody, how: Forgery = {}): MLSMessage {
  const { state } = peer.group;
  const keys = sendingKeys(state, defaultPolicy);
  const wireFormat = how.wireFormat ?? WireFormat.publicMessage;
  const content = contentOf(peer, body, how.content);
  const signature = signContent(
    keys,
    wireFormat,
    content,
    how.signaturePrivateKey ?? state.signaturePrivateKey,
  );
  const confirmationTag =
    body.contentType === ContentType.commit ? (how.confirmationTag ?? state.suite.random(32)) : undefined;
  const authenticated: AuthenticatedContent = { wireFormat, content, auth: { signature, confirmationTag } };
  return protect(keys, authenticated);
}

/** Gives the inside of a PublicMessage. */
export function publicOf(message: MLSMessage): PublicMessage {
  if (message.wireFormat !== WireFormat.publicMessage) throw new Error('a PublicMessage expected');
  return message.publicMessage;
}

/** Gives the commit inside of a PublicMessage. */
export function commitIn(message: MLSMessage): Commit {
  const { body } = publicOf(message).content;
  if (body.contentType !== ContentType.commit) throw new Error('a commit expected');
  return body.commit;
}

/** Gives the path of a commit that has one. */
export function pathIn(message: MLSMessage): UpdatePath {
  const { path } = commitIn(message);
  if (path === undefined) throw new Error('a path expected');
  return path;
}

/** Makes a commit of the member in which something is changed; the tag stays that of the true commit. */
export async function forgeCommit(
  peer: Peer,
  change: (commit: Commit) => Commit,
  request: Partial<CommitRequest> = {},
  how: Forgery = {},
): Promise<MLSMessage> {
  const { message, staged } = await peer.group.commit({ ...request, wireFormat: WireFormat.publicMessage });
  const { confirmationTag } = publicOf(message).auth;
  peer.group.drop(staged);
  const commit = change(commitIn(message));
  const tag = confirmationTag === undefined ? {} : { confirmationTag };
  return forge(peer, { contentType: ContentType.commit, commit }, { ...tag, ...how });
}

/** Makes a commit of the member whose path is changed. */
export function forgePath(
  peer: Peer,
  change: (path: UpdatePath) => UpdatePath,
  request: Partial<CommitRequest> = {},
  how: Forgery = {},
): Promise<MLSMessage> {
  const changed = (commit: Commit): Commit => ({ ...commit, path: commit.path && change(commit.path) });
  return forgeCommit(peer, changed, { forcePath: true, ...request }, how);
}

/** Signs a changed leaf of the member anew. */
export function resignLeaf(peer: Peer, leaf: LeafNode, change: Partial<LeafNodeContent>): LeafNode {
  const { suite, groupContext, ownLeafIndex: leafIndex, signaturePrivateKey } = peer.group.state;
  const { encryptionKey, signatureKey, credential, capabilities, source, extensions } = leaf;
  const content = { encryptionKey, signatureKey, credential, capabilities, source, extensions, ...change };
  const position = { groupId: groupContext.groupId, leafIndex };
  const isKeyPackage = content.source.leafNodeSource === LeafNodeSource.keyPackage;
  return signLeafNode(suite, content, signaturePrivateKey, isKeyPackage ? undefined : position);
}

/** The bytes of a content, to be changed. */
export function bytesOfContent(message: MLSMessage): Uint8Array {
  return encode(FramedContent, publicOf(message).content);
}
