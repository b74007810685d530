import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';
import { getCipherSuite } from '@canopy/crypto';

import { MlsError } from '../../src/errors.ts';
import { ContentType, type FramedContent } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import type { PublicMessage } from '../../src/framing/public-message.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { PublicGroup, type PublicReceived } from '../../src/group/public-group.ts';
import { nodesOfTree, RatchetTreeNodes } from '../../src/extensions/ratchet-tree.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { forgePublic } from '../forge-public.ts';
import { enter, invitation } from '../outsider.ts';
import {
  acceptAll,
  addOf,
  choices,
  commitBy,
  empty,
  follow,
  found,
  groupOf,
  joiner,
  openDoors,
  overTheWire,
  party,
  receive,
  refusal,
  refusing,
  removeOf,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { hex } from '../suites.ts';

const inPublic = { wireFormat: WireFormat.publicMessage, authenticatedData: empty } as const;

/** Somebody who opens a group from a member's GroupInfo and is not a member. */
function observe(peer: Peer, identities = acceptAll): Promise<PublicGroup> {
  const { suite } = peer.group;
  const request = { suite, groupInfo: invitation(peer), ratchetTree: undefined };
  return PublicGroup.open(request, { ...openDoors, identities });
}

function publicMessageOf(message: MLSMessage): PublicMessage {
  const arrived = overTheWire(message);
  if (arrived.wireFormat !== WireFormat.publicMessage) throw new Error('a PublicMessage expected');
  return arrived.publicMessage;
}

function overhear(observer: PublicGroup, message: MLSMessage): Promise<PublicReceived> {
  return observer.receive(publicMessageOf(message));
}

async function after(observer: PublicGroup, message: MLSMessage): Promise<PublicGroup> {
  return (await overhear(observer, message)).group;
}

/** Requires that the observer knows what the members know: context and tree, to the last bit. */
function expectSameEpoch(observer: PublicGroup, { group }: Peer): void {
  const { groupContext, tree } = group.state;
  expect(hex(GroupContext.bytesOf(observer.groupContext))).toBe(hex(GroupContext.bytesOf(groupContext)));
  expect(hex(encode(RatchetTreeNodes, nodesOfTree(observer.tree)))).toBe(
    hex(encode(RatchetTreeNodes, nodesOfTree(tree))),
  );
}

function oneOf(peers: readonly Peer[], pick: (below: number) => number): Peer {
  const peer = peers[pick(peers.length)];
  if (peer === undefined) throw new Error('nobody is left');
  return peer;
}

/** A member proposes new keys, which everybody hears. */
async function overhearUpdate(
  observer: PublicGroup,
  updater: Peer,
  peers: readonly Peer[],
): Promise<PublicGroup> {
  const proposal = await updater.group.proposeUpdate(inPublic);
  for (const peer of peers) if (peer !== updater) await receive(peer, proposal);
  return after(observer, proposal);
}

/** A member commits, and all members follow. */
async function commitInPublic(
  committer: Peer,
  peers: readonly Peer[],
  proposals: readonly Proposal[],
): Promise<MLSMessage> {
  const { message, staged } = await committer.group.commit({ ...inPublic, proposals });
  for (const peer of peers) {
    if (peer === committer) peer.group.keep(staged);
    else await follow(peer, message);
  }
  return message;
}

async function expectRefused(observer: PublicGroup, message: MLSMessage, code: string): Promise<void> {
  await expect(overhear(observer, message)).rejects.toEqual(refusal(code));
}

function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MlsError) return error.code;
    throw error;
  }
  return 'accepted';
}

function contentOf(
  { group }: Peer,
  body: FramedContent['body'],
  sender: FramedContent['sender'],
): FramedContent {
  return { groupId: group.groupId, epoch: group.epoch, authenticatedData: empty, sender, body };
}

describe('an observer of public handshakes (RFC 9420 §12.4.2, §16.5)', () => {
  it('follows proposals by reference, additions, removals and updates through random epochs', async () => {
    const pick = choices(5);
    let peers = await groupOf(['alice', 'bob', 'carol', 'dave']);
    let observer = await observe(oneOf(peers, pick));
    for (let epoch = 0; epoch < 12; epoch++) {
      const committer = oneOf(peers, pick);
      const updater = oneOf(peers, pick);
      if (updater !== committer) observer = await overhearUpdate(observer, updater, peers);
      const last = peers.at(-1);
      const removed = pick(3) === 0 && last !== committer && last !== updater ? peers.slice(-1) : [];
      const added = pick(2) === 0 ? [joiner(party(`joiner ${epoch}`))] : [];
      const proposals = [...added.map(addOf), ...removed.map(removeOf)];
      const message = await commitInPublic(committer, peers, proposals);
      peers = peers.filter((peer) => !removed.includes(peer));
      observer = await after(observer, message);
      expectSameEpoch(observer, committer);
      observer.requireGroupInfo(invitation(committer));
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('follows a group of cipher suite %i', async (id) => {
    const [alice, bob] = await groupOf(['alice', 'bob'], { suite: getCipherSuite(id) });
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const observer = await observe(bob);
    const { message, staged } = await alice.group.commit(inPublic);
    alice.group.keep(staged);
    expectSameEpoch(await after(observer, message), alice);
  });

  it('follows external Commits, a first entry and a resync', async () => {
    const [alice, bob] = await trio();
    const observer = await observe(alice);
    const eve = await enter(party('eve'), alice);
    for (const peer of [alice, bob]) await follow(peer, eve.message);
    const joined = await overhear(observer, eve.message);
    expectSameEpoch(joined.group, alice);
    expect(joined).toMatchObject({ kind: 'commit', effects: { joined: true } });
    const again = await enter(bob.party, alice, { resync: bob.group.state.ownLeafIndex });
    await follow(alice, again.message);
    const back = await overhear(joined.group, again.message);
    expectSameEpoch(back.group, alice);
    expect(back).toMatchObject({ effects: { removed: [{ leafIndex: bob.group.state.ownLeafIndex }] } });
  });

  it('is what a member has in the open: it follows what the member itself refuses, and knows its GroupInfo', async () => {
    const [alice, bob] = await trio();
    const observer = PublicGroup.of(bob.group.state, openDoors);
    expectSameEpoch(observer, alice);
    const { message, staged } = await alice.group.commit(inPublic);
    const garbled = { ...publicMessageOf(message), membershipTag: new Uint8Array(32) };
    const foreign = { wireFormat: WireFormat.publicMessage, publicMessage: garbled };
    await expect(bob.group.process(foreign)).rejects.toMatchObject({ code: 'INVALID_MEMBERSHIP_TAG' });
    const next = (await observer.receive(garbled)).group;
    alice.group.keep(staged);
    expectSameEpoch(next, alice);
    next.requireGroupInfo(invitation(alice));
    expect(bob.group.epoch).toBe(1n);
  });

  it('gives a new group each time: the one before can follow another commit of the same epoch', async () => {
    const [alice, bob] = await trio();
    const observer = await observe(alice);
    const first = await alice.group.commit(inPublic);
    const second = await bob.group.commit(inPublic);
    const one = await after(observer, first.message);
    const other = await after(observer, second.message);
    expect(hex(one.groupContext.treeHash)).not.toBe(hex(other.groupContext.treeHash));
    expect(observer.groupContext.epoch).toBe(1n);
    alice.group.keep(first.staged);
    expectSameEpoch(one, alice);
  });
});

describe('what an observer refuses, staying as it was', () => {
  it('a commit whose signature is not the sender’s [R6.1-09]', async () => {
    const [alice, bob] = await trio();
    const observer = await observe(alice);
    const { message, staged } = await alice.group.commit(inPublic);
    const { content } = publicMessageOf(message);
    const privateKey = bob.group.state.signaturePrivateKey;
    await expectRefused(
      observer,
      forgePublic(alice, content, { signaturePrivateKey: privateKey }),
      'INVALID_SIGNATURE',
    );
    alice.group.keep(staged);
    expectSameEpoch(await after(observer, message), alice);
  });

  it('a proposal that it has not seen in the open [R12.4-04]', async () => {
    const [alice, bob, carol] = await trio();
    const observer = await observe(alice);
    const proposal = await bob.group.proposeUpdate({ ...inPublic, wireFormat: WireFormat.privateMessage });
    for (const peer of [alice, carol]) await receive(peer, proposal);
    const { message } = await alice.group.commit(inPublic);
    await expectRefused(observer, message, 'UNKNOWN_PROPOSAL_REFERENCE');
  });

  it('a commit of another epoch [R12.4.2-01] and of another group [R6-07]', async () => {
    const [alice, bob] = await trio();
    const observer = await observe(alice);
    const other = await found(party('mallory'));
    await expectRefused(observer, (await other.group.commit(inPublic)).message, 'WRONG_GROUP');
    const [, again] = await commitBy(alice, [alice, bob]);
    if (again === undefined) throw new Error('two expected');
    await expectRefused(observer, (await again.group.commit(inPublic)).message, 'WRONG_EPOCH');
  });

  it('an invalid list: a committer that removes itself [R12.2-04]', async () => {
    const [alice] = await trio();
    const observer = await observe(alice);
    const { message } = await alice.group.commit(inPublic);
    const { content } = publicMessageOf(message);
    if (content.body.contentType !== ContentType.commit) throw new Error('a commit expected');
    const { commit } = content.body;
    const proposals = [{ type: 1, proposal: removeOf(alice) }] as const;
    const body = { contentType: ContentType.commit, commit: { ...commit, proposals } } as const;
    await expectRefused(
      observer,
      forgePublic(alice, contentOf(alice, body, content.sender)),
      'INVALID_PROPOSAL_LIST',
    );
  });

  it('a path that does not fit the tree [R7.6-01]', async () => {
    const [alice] = await trio();
    const observer = await observe(alice);
    const { message } = await alice.group.commit(inPublic);
    const { content } = publicMessageOf(message);
    if (content.body.contentType !== ContentType.commit) throw new Error('a commit expected');
    const { commit } = content.body;
    if (commit.path === undefined) throw new Error('a path expected');
    const path = { ...commit.path, nodes: commit.path.nodes.slice(1) };
    const body = { contentType: ContentType.commit, commit: { ...commit, path } } as const;
    await expectRefused(observer, forgePublic(alice, contentOf(alice, body, content.sender)), 'INVALID_PATH');
  });

  it('somebody whom the identity provider refuses [R5.3.1-02]', async () => {
    const [alice] = await trio();
    const observer = await observe(alice, refusing('mallory'));
    const mallory = joiner(party('mallory'));
    const proposals = [{ proposalType: ProposalType.add, keyPackage: mallory.keyPackage.keyPackage }];
    const { message } = await alice.group.commit({ ...inPublic, proposals });
    await expectRefused(observer, message, 'INVALID_CREDENTIAL');
    await expect(observe(alice, refusing('bob'))).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
  });

  it('a GroupInfo of another epoch, another tag, or a signer who is not a member [R12.4.3-06]', async () => {
    const [alice, bob] = await trio();
    const before = invitation(bob);
    const { message, staged } = await alice.group.commit(inPublic);
    const observer = await after(await observe(alice), message);
    alice.group.keep(staged);
    const right = invitation(alice);
    expect(codeOf(() => observer.requireGroupInfo(before))).toBe('INVALID_GROUP_INFO');
    const tag = { ...right, confirmationTag: suite1.random(32) };
    expect(codeOf(() => observer.requireGroupInfo(tag))).toBe('INVALID_GROUP_INFO');
    const unsigned = { ...right, signature: suite1.random(64) };
    expect(codeOf(() => observer.requireGroupInfo(unsigned))).toBe('INVALID_SIGNATURE');
    observer.requireGroupInfo(right);
  });
});
