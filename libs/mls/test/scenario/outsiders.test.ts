import { describe, expect, it } from '@jest/globals';

import { createExtension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { SenderType } from '../../src/framing/content.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import { comeIn, enter, invitation, only, proposeFromOutside } from '../outsider.ts';
import {
  addOf,
  announce,
  commitBy,
  expectAgreement,
  expectConversation,
  found,
  follow,
  groupOf,
  join,
  joiner,
  openDoors,
  party,
  receive,
  refusal,
  refusing,
  removeOf,
  restarted,
  snapshot,
  suite1,
  trio,
} from '../parties.ts';

const server = party('server');
const sendersExtension = createExtension(ExtensionType.externalSenders, ExternalSenders, [
  { signatureKey: server.identity.signatureKeyPair.publicKey, credential: server.identity.credential },
]);
const externalSender = { senderType: SenderType.external, senderIndex: 0 };
const serverKey = server.identity.signatureKeyPair.privateKey;

describe('an external Commit', () => {
  it('lets a client join by itself, and talk at once [R12.4.3.2-06, R8.3-01, R12.4.2-14]', async () => {
    const members = await trio();
    const dave = await comeIn(party('dave'), members);
    expect(dave.group.state.ownLeafIndex).toBe(3);
    expectAgreement([...members, dave]);
    await expectConversation([...members, dave]);
    expectAgreement(await commitBy(dave, [...members, dave]));
    expectAgreement(await commitBy(members[1], [...members, dave]));
  });

  it('takes the leftmost hole, and grows a full tree [R12.4.1-03]', async () => {
    const [a, b, c, d] = await groupOf(['a', 'b', 'c', 'd']);
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four');
    const e = await comeIn(party('e'), [a, b, c, d]);
    expect(e.group.state.ownLeafIndex).toBe(4);
    const four = await commitBy(c, [a, b, c, d, e], { proposals: [removeOf(b)] });
    const f = await comeIn(party('f'), four);
    expect(f.group.state.ownLeafIndex).toBe(1);
    expectAgreement([...four, f]);
    await expectConversation([...four, f]);
  });

  it('joins a group of one at epoch 0 [R11-03]', async () => {
    const alice = await found(party('alice'));
    const bob = await comeIn(party('bob'), [alice]);
    expectAgreement([alice, bob]);
    await expectConversation([alice, bob]);
  });

  it('brings a member back that lost its state, in its old place [R12.2-19]', async () => {
    const [alice, bob, carol] = await trio({ options: { identities: refusing() } });
    const again = await comeIn(bob.party, [alice, carol], { resync: bob.group.state.ownLeafIndex });
    expect(again.group.state.ownLeafIndex).toBe(1);
    expect(Array.from(alice.group.members())).toHaveLength(3);
    expectAgreement([alice, again, carol]);
    await expectConversation([alice, again, carol]);
  });

  it('is told to the member that it replaces [R12.4.2-16]', async () => {
    const [alice, bob] = await trio();
    const { message } = await enter(bob.party, alice, { resync: bob.group.state.ownLeafIndex });
    const staged = await follow(bob, message);
    expect(staged.effects).toMatchObject({ selfRemoved: true, joined: true });
    expect(bob.group.state.status.kind).toBe('removed');
  });

  it('does not take the place of somebody else [R12.2-19]', async () => {
    const [alice, , carol] = await trio({ options: { identities: refusing() } });
    const mallory = party('mallory');
    const { message } = await enter(mallory, alice, { resync: carol.group.state.ownLeafIndex });
    for (const peer of [alice, carol]) {
      const before = snapshot(peer);
      await expect(receive(peer, message)).rejects.toEqual(refusal('INVALID_SUCCESSOR'));
      expect(snapshot(peer)).toBe(before);
    }
  });

  it('is good for the epoch of its GroupInfo only [R12.4.3.2-10]', async () => {
    const [alice, bob, carol] = await trio();
    const dave = await enter(party('dave'), alice);
    const erin = await enter(party('erin'), alice);
    for (const peer of [alice, bob, carol]) await follow(peer, dave.message);
    await expect(receive(alice, erin.message)).rejects.toEqual(refusal('WRONG_EPOCH'));
    expectAgreement([alice, bob, carol, dave.peer]);
  });

  it('needs a GroupInfo that offers a key, and members that allow it [R12.4.3.2-01, R12.4.3.2-09]', async () => {
    const closed = { policy: { ...defaultPolicy, allowExternalCommits: false } };
    const [alice] = await trio({ options: closed });
    const groupInfo = alice.group.groupInfo({ ratchetTree: true, externalPub: false, grease: false });
    await expect(enter(party('dave'), alice, { groupInfo })).rejects.toEqual(refusal('INVALID_GROUP_INFO'));
    const { message } = await enter(party('dave'), alice);
    await expect(receive(alice, message)).rejects.toEqual(refusal('SENDER_NOT_ALLOWED'));
  });

  it('is made only to a group whose members the joiner accepts [R12.4.3.2-02]', async () => {
    const [alice] = await trio();
    const dave = party('dave', { options: { identities: refusing('carol') } });
    await expect(enter(dave, alice, { groupInfo: invitation(alice) })).rejects.toEqual(
      refusal('INVALID_CREDENTIAL'),
    );
  });
});

describe('an external Commit is not made', () => {
  it('to a group with an external sender that the joiner does not believe [R5.3.1-06]', async () => {
    const [alice] = await groupOf(['alice', 'bob'], {}, { extensions: [sendersExtension] });
    if (alice === undefined) throw new Error('alice expected');
    const wary = party('dave', { options: { identities: refusing('server') } });
    await expect(enter(wary, alice)).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
    await comeIn(party('erin'), [alice]);
  });

  it('by a joiner whom its own Authentication Service does not know [R5.3.1-05]', async () => {
    const [alice, bob] = await trio();
    const unknown = party('mallory', { options: { identities: refusing('mallory') } });
    await expect(enter(unknown, alice)).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
    expectAgreement([alice, bob]);
  });
});

describe('an external sender', () => {
  const settings = { extensions: [sendersExtension] };

  it('proposes additions and removals, which members commit [R12.1.8-02, R12.1.8-06, R6.1-05]', async () => {
    const peers = await groupOf(['alice', 'bob', 'carol'], {}, settings);
    const [alice, bob, carol] = peers;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    const dave = joiner(party('dave'));
    const add = proposeFromOutside(alice.group, externalSender, addOf(dave), serverKey);
    const remove = proposeFromOutside(alice.group, externalSender, removeOf(carol), serverKey);
    await announce(add, ...peers);
    await announce(remove, ...peers);
    const { message, welcome, staged } = await bob.group.commit();
    bob.group.keep(staged);
    await follow(alice, message);
    expect((await follow(carol, message)).effects.selfRemoved).toBe(true);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const newcomer = await join(dave, { wireFormat: WireFormat.welcome, welcome });
    expectAgreement([alice, bob, newcomer]);
    await expectConversation([alice, bob, newcomer]);
  });

  it('is unknown to a group that does not list it, or lists fewer [R12.1.8-01, R6.1-05]', async () => {
    const [plain] = await trio();
    const remove: Proposal = { proposalType: ProposalType.remove, removed: plain.group.state.ownLeafIndex };
    const message = proposeFromOutside(plain.group, externalSender, remove, serverKey);
    await expect(receive(plain, message)).rejects.toEqual(refusal('UNKNOWN_SENDER'));
    const alice = await found(party('alice'), settings);
    const second = { senderType: SenderType.external, senderIndex: 1 };
    const stranger = proposeFromOutside(alice.group, second, remove, serverKey);
    await expect(receive(alice, stranger)).rejects.toEqual(refusal('UNKNOWN_SENDER'));
  });

  it('may not send an Update or an ExternalInit, nor sign with another key [R12.1.8-04, R6.1-06, R6.1-09]', async () => {
    const [alice] = await groupOf(['alice', 'bob'], {}, settings);
    if (alice === undefined) throw new Error('two expected');
    const leafNode = alice.group.state.tree.findLeaf(0);
    if (leafNode === undefined) throw new Error('a leaf expected');
    const before = snapshot(alice);
    const forbidden: Proposal[] = [
      { proposalType: ProposalType.update, leafNode },
      { proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) },
    ];
    for (const proposal of forbidden) {
      const message = proposeFromOutside(alice.group, externalSender, proposal, serverKey);
      await expect(receive(alice, message)).rejects.toEqual(refusal('SENDER_NOT_ALLOWED'));
    }
    const otherKey = suite1.signature.generateKeyPair().privateKey;
    const forged = proposeFromOutside(alice.group, externalSender, removeOf(alice), otherKey);
    await expect(receive(alice, forged)).rejects.toEqual(refusal('INVALID_SIGNATURE'));
    expect(snapshot(alice)).toBe(before);
  });

  it('is listed only when members believe in it [R5.3.1-06]', async () => {
    const doubtful = { options: { ...openDoors, identities: refusing('server') } };
    await expect(found(party('alice', doubtful), settings)).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const doubtfulBob = restarted({ ...bob, party: { ...bob.party, ...doubtful } });
    const extensions = { proposalType: ProposalType.groupContextExtensions, extensions: [sendersExtension] };
    const { message } = await alice.group.commit(only(extensions));
    await expect(receive(doubtfulBob, message)).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
    await follow(bob, message);
  });
});

describe('a client that proposes itself', () => {
  const sender = { senderType: SenderType.newMemberProposal };

  it('is added by a member when the policy allows it [R12.1.8-07]', async () => {
    const policy = { ...defaultPolicy, allowNewMemberProposals: true };
    const members = await trio({ options: { policy } });
    const [alice, bob, carol] = members;
    const dave = joiner(party('dave'));
    const { privateKey } = dave.party.identity.signatureKeyPair;
    await announce(proposeFromOutside(alice.group, sender, addOf(dave), privateKey), ...members);
    const { message, welcome, staged } = await carol.group.commit();
    carol.group.keep(staged);
    for (const peer of [alice, bob]) await follow(peer, message);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const newcomer = await join(dave, { wireFormat: WireFormat.welcome, welcome });
    expectAgreement([...members, newcomer]);
    await expectConversation([...members, newcomer]);
  });

  it('is refused otherwise, and when it proposes anything else or does not sign for itself [R12.1.8-05, R6.1-08]', async () => {
    const [alice, bob] = await trio();
    const dave = joiner(party('dave'));
    const { privateKey } = dave.party.identity.signatureKeyPair;
    const before = snapshot(alice);
    const add = proposeFromOutside(alice.group, sender, addOf(dave), privateKey);
    await expect(receive(alice, add)).rejects.toEqual(refusal('SENDER_NOT_ALLOWED'));
    const remove = proposeFromOutside(alice.group, sender, removeOf(bob), privateKey);
    await expect(receive(alice, remove)).rejects.toEqual(refusal('SENDER_NOT_ALLOWED'));
    const forged = proposeFromOutside(alice.group, sender, addOf(dave), serverKey);
    await expect(receive(alice, forged)).rejects.toEqual(refusal('INVALID_SIGNATURE'));
    expect(snapshot(alice)).toBe(before);
  });
});
