import type { Commit } from '../src/commits/commit.ts';
import type { CommitRequest } from '../src/commits/create-commit.ts';
import type { ExternalCommitRequest } from '../src/commits/join-by-commit.ts';
import { ContentType, SenderType, type Sender } from '../src/framing/content.ts';
import type { MLSMessage } from '../src/framing/message.ts';
import { protectPublic, signContent } from '../src/framing/protect.ts';
import { Group } from '../src/group/group.ts';
import type { Proposal } from '../src/proposals/proposal.ts';
import { WireFormat } from '../src/registries.ts';
import { commitIn, forge, publicOf, type Forgery } from './forge.ts';
import { empty, follow, overTheWire, type Party, type Peer } from './parties.ts';

/** A GroupInfo that outsiders can join with, as it comes over the wire. */
export function invitation({ group }: Peer): ExternalCommitRequest['groupInfo'] {
  const groupInfo = group.groupInfo({ ratchetTree: true, externalPub: true, grease: true });
  const arrived = overTheWire({ wireFormat: WireFormat.groupInfo, groupInfo });
  if (arrived.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
  return arrived.groupInfo;
}

/** Makes an external Commit without sending it. */
export async function enter(
  who: Party,
  through: Peer,
  more: Partial<ExternalCommitRequest> = {},
): Promise<{ readonly peer: Peer; readonly message: MLSMessage }> {
  const { suite, identity, options } = who;
  const { group, message } = await Group.joinExternally(
    {
      suite,
      identity,
      groupInfo: invitation(through),
      ratchetTree: undefined,
      resync: undefined,
      psks: [],
      authenticatedData: empty,
      ...more,
    },
    options,
  );
  return { peer: { party: who, group }, message };
}

/** An external Commit that somebody has made. */
export interface Entry {
  readonly who: Pick<Party, 'identity'>;
  readonly message: MLSMessage;
}

/** Makes the external Commit anew with something changed, signed by the joiner; the tag stays that of the true one. */
export function forgeEntry(
  through: Peer,
  { who, message }: Entry,
  change: (commit: Commit) => Commit,
  how: Forgery = {},
): MLSMessage {
  const { confirmationTag } = publicOf(message).auth;
  const { privateKey } = who.identity.signatureKeyPair;
  return forge(
    through,
    { contentType: ContentType.commit, commit: change(commitIn(message)) },
    {
      signaturePrivateKey: privateKey,
      ...(confirmationTag && { confirmationTag }),
      ...how,
      content: { sender: { senderType: SenderType.newMemberCommit }, ...how.content },
    },
  );
}

/** Lets somebody join by an external Commit that all members follow; gives the new member. */
export async function comeIn(
  who: Party,
  members: readonly Peer[],
  more: Partial<ExternalCommitRequest> = {},
): Promise<Peer> {
  const [door] = members;
  if (door === undefined) throw new Error('nobody to join');
  const { peer, message } = await enter(who, door, more);
  for (const member of members) await follow(member, message);
  return peer;
}

/** Makes a proposal of somebody who is not a member. */
export function proposeFromOutside(
  group: Group,
  sender: Sender,
  proposal: Proposal,
  signaturePrivateKey: Uint8Array,
): MLSMessage {
  const { suite, groupContext } = group.state;
  const { groupId, epoch } = groupContext;
  const body = { contentType: ContentType.proposal, proposal };
  const content = { groupId, epoch, sender, authenticatedData: empty, body };
  const keys = { suite, groupContext, membershipKey: empty };
  const signature = signContent(keys, WireFormat.publicMessage, content, signaturePrivateKey);
  return protectPublic(keys, { content, auth: { signature, confirmationTag: undefined } });
}

/** A commit request with one proposal. */
export function only(proposal: Proposal): Partial<CommitRequest> {
  return { proposals: [proposal] };
}
