import { describe, expect, it } from '@jest/globals';

import { encode, opaque } from '@canopy/codec';

import { Credential } from '../../src/credentials/credential.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { SenderType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { protectPrivate } from '../../src/framing/protect.ts';
import { createExternalProposal, createJoinProposal } from '../../src/group/create-external-proposal.ts';
import { sendingKeys } from '../../src/group/state.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import { commitIn, publicOf } from '../forge.ts';
import { proposeFromOutside } from '../outsider.ts';
import {
  addOf,
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  join,
  joiner,
  keyPackageOf,
  openDoors,
  overTheWire,
  party,
  receive,
  removeOf,
  restarted,
  snapshot,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import {
  byReference,
  externalPsk,
  mixIn,
  pathless,
  publicly,
  reinitTo,
  removeLeaf,
  replaceExtensions,
  updateOf,
} from './12.1-proposals.ts';

const server = party('server');
const { credential, signatureKeyPair } = server.identity;
const listed = createExtension(ExtensionType.externalSenders, ExternalSenders, [
  { signatureKey: signatureKeyPair.publicKey, credential },
]);
const external = { senderType: SenderType.external, senderIndex: 0 };

async function served(): Promise<readonly [Peer, Peer, Peer]> {
  const [alice, bob, carol] = await groupOf(['alice', 'bob', 'carol'], {}, { extensions: [listed] });
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return [alice, bob, carol];
}

/** What the server sends, knowing no more of the group than a GroupInfo. */
function proposedByServer({ group }: Peer, proposal: Proposal): MLSMessage {
  return createExternalProposal({
    suite: suite1,
    groupInfo: group.groupInfo({ ratchetTree: true, externalPub: false, grease: true }),
    ratchetTree: undefined,
    senderIndex: 0,
    signatureKeyPair,
    proposal,
    authenticatedData: empty,
  });
}

const forged = ({ group }: Peer, proposal: Proposal): MLSMessage =>
  proposeFromOutside(group, external, proposal, signatureKeyPair.privateKey);

describe('an external sender', () => {
  it('is a key and a credential in the extensions of the group [R12.1.8-02]', () => {
    const one = Buffer.concat([encode(opaque, signatureKeyPair.publicKey), encode(Credential, credential)]);
    expect(Buffer.from(listed.extensionData).equals(encode(opaque, one))).toBe(true);
  });

  it('cannot propose, nor is heard, where the group does not list it [R12.1.8-01]', async () => {
    const all = await acquainted();
    const [alice, bob, carol] = all;
    const unknown = expect.objectContaining({ code: 'UNKNOWN_SENDER', requirement: 'R6.1-05' });
    expect(() => proposedByServer(alice, removeOf(carol))).toThrow(unknown);
    await expectRefused(bob, forged(alice, removeOf(carol)), 'UNKNOWN_SENDER', 'R6.1-05');
    await expectGoesOn(alice, all);
  });

  it('is not heard any more when the group has dropped it [R12.1.8-01]', async () => {
    const all = await served();
    const [alice, bob, carol] = all;
    await announce(proposedByServer(alice, removeOf(carol)), alice);
    await commitBy(alice, all, { proposals: [replaceExtensions()], includeReceived: false });
    await expectRefused(bob, forged(alice, removeOf(carol)), 'UNKNOWN_SENDER', 'R6.1-05');
    await expectGoesOn(alice, all);
  });

  it('speaks in PublicMessages, without a membership tag; a PrivateMessage of it does not exist [R12.1.8-03]', async () => {
    const all = await served();
    const [alice, , carol] = all;
    const message = proposedByServer(alice, removeOf(carol));
    expect(message.wireFormat).toBe(WireFormat.publicMessage);
    expect(publicOf(message).membershipTag).toBeUndefined();
    const before = snapshot(alice);
    const { content, auth } = publicOf(message);
    expect(() => protectPrivate(sendingKeys(alice.group.state, defaultPolicy), { content, auth })).toThrow(
      expect.objectContaining({ code: 'SENDER_NOT_ALLOWED', requirement: 'R6.3.2-01' }),
    );
    expect(snapshot(alice)).toBe(before);
    await expectGoesOn(alice, all);
  });

  it.each<[string, (alice: Peer) => Proposal]>([
    ['an Update', (alice) => updateOf(alice)],
    ['an ExternalInit', () => ({ proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) })],
  ])('may not propose %s: it refuses and is refused [R12.1.8-04, R12.1.2-03] (S8)', async (_what, make) => {
    const all = await served();
    const [alice, bob] = all;
    const refused = { code: 'SENDER_NOT_ALLOWED', requirement: 'R6.1-06' };
    expect(() => proposedByServer(alice, make(alice))).toThrow(expect.objectContaining(refused));
    await expectRefused(bob, forged(alice, make(alice)), refused.code, refused.requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, all);
  });

  it.each<[string, () => Proposal]>([
    ['an Add', () => addOf(joiner(party('dave')))],
    ['a Remove', () => removeLeaf(2)],
    ['a pre-shared key', () => mixIn(externalPsk('known'))],
    ['a ReInit', () => reinitTo(1)],
    ['extensions', () => replaceExtensions(listed)],
  ])('may propose %s [R12.1.8-04]', async (_what, make) => {
    const [alice, bob] = await served();
    const proposal = make();
    await announce(proposedByServer(alice, proposal), bob);
    expect(bob.group.state.proposals).toMatchObject([{ proposal, sender: external }]);
  });

  it.each<[string, string, () => Proposal]>([
    ['UNKNOWN_LEAF', 'R12.1.3-01', () => removeLeaf(3)],
    ['INVALID_PROPOSAL', 'R12.1.5-01', () => reinitTo(1, 0)],
    ['INVALID_PSK', 'R8.4-02', () => mixIn(externalPsk('known', empty))],
    [
      'WRONG_CIPHER_SUITE',
      'R10.1-01',
      () => ({
        proposalType: ProposalType.add,
        keyPackage: changedKeyPackage(party('dave'), { cipherSuite: 3 }),
      }),
    ],
  ])('is held to the same rules: %s [R12.2-02, R12.1.8-05]', async (code, requirement, make) => {
    const all = await served();
    const [alice, bob] = all;
    await expectRefused(bob, forged(alice, make()), code, requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, all);
  });

  it('changes nothing by itself; a member commits what it proposed, by reference [R12.1.8-06]', async () => {
    const all = await served();
    const [alice, bob, carol] = all;
    const { epoch, state } = bob.group;
    await announce(proposedByServer(alice, removeOf(carol)), ...all);
    expect(bob.group.epoch).toBe(epoch);
    expect(bob.group.state.tree).toBe(state.tree);
    const { message, staged } = await bob.group.commit(publicly);
    expect(commitIn(message).proposals).toMatchObject([{ type: 2 }]);
    await follow(alice, message);
    bob.group.keep(staged);
    expect((await follow(carol, message)).effects.selfRemoved).toBe(true);
    await expectConversation([alice, bob]);
  });
});

describe('a client that asks to be added', () => {
  const welcoming = { options: { policy: { ...defaultPolicy, allowNewMemberProposals: true } } };
  const dave = party('dave');

  it('sends its own KeyPackage in a PublicMessage, and is welcomed when a member commits it [R12.1.8-03, R12.1.8-07]', async () => {
    const all = await trio(welcoming);
    const [alice, bob, carol] = all;
    const own = joiner(dave);
    const { groupContext } = alice.group.state;
    const request = { suite: suite1, groupContext, keyPackage: own.keyPackage, authenticatedData: empty };
    const asked = overTheWire(createJoinProposal(request));
    expect(publicOf(asked).membershipTag).toBeUndefined();
    await announce(asked, ...all);
    const { message, welcome, staged } = await carol.group.commit(publicly);
    expect(commitIn(message).proposals).toMatchObject([{ type: 2 }]);
    for (const peer of [alice, bob]) await follow(peer, message);
    carol.group.keep(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const newcomer = await join(own, { wireFormat: WireFormat.welcome, welcome });
    expectAgreement([...all, newcomer]);
    await expectConversation([...all, newcomer]);
  });

  it('is not heard where the policy does not allow it, nor can a commit refer to it [R12.1.8-05]', async () => {
    const all = await acquainted();
    const [alice, bob] = all;
    const { groupContext } = alice.group.state;
    const keyPackage = keyPackageOf(dave);
    const asked = createJoinProposal({ suite: suite1, groupContext, keyPackage, authenticatedData: empty });
    await expectRefused(bob, asked, 'SENDER_NOT_ALLOWED', 'R12.1.8-05');
    const liberal = restarted({
      ...alice,
      party: { ...alice.party, options: { ...openDoors, ...welcoming.options } },
    });
    const received = await receive(liberal, asked);
    const reference = received.kind === 'proposal' ? received.reference : empty;
    expect(reference).toHaveLength(32);
    await expectRefused(
      bob,
      pathless(alice, byReference(reference)),
      'UNKNOWN_PROPOSAL_REFERENCE',
      'R12.4-04',
    );
    await expectGoesOn(alice, all);
  });

  it('is refused with a KeyPackage that is not valid, or of another suite [R12.1.1-01, R12.1.8-05]', async () => {
    const all = await trio(welcoming);
    const [alice, bob] = all;
    const sender = { senderType: SenderType.newMemberProposal };
    const { privateKey } = dave.identity.signatureKeyPair;
    const keyPackage = changedKeyPackage(dave, { cipherSuite: 3 });
    const { groupContext } = alice.group.state;
    const own = { ...keyPackageOf(dave), keyPackage };
    const request = { suite: suite1, groupContext, keyPackage: own, authenticatedData: empty };
    const refused = { code: 'WRONG_CIPHER_SUITE', requirement: 'R10.1-01' };
    expect(() => createJoinProposal(request)).toThrow(expect.objectContaining(refused));
    const add = { proposalType: ProposalType.add, keyPackage };
    const message = proposeFromOutside(alice.group, sender, add, privateKey);
    await expectRefused(bob, message, refused.code, refused.requirement);
    await expectGoesOn(alice, all);
  });
});
