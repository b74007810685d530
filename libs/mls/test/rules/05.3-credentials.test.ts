import { describe, expect, it } from '@jest/globals';

import { IdentityAnswers, type IdentityProvider } from '../../src/credentials/identity.ts';
import { ApplicationId } from '../../src/extensions/application-id.ts';
import { createExtension, type Extension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { leafOf } from '../../src/key-packages/client-identity.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import { LeafNodeSource } from '../../src/tree/leaf-node.ts';
import { forge, forgeCommit, forgePath, resignLeaf } from '../forge.ts';
import { comeIn, enter } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  groupOf,
  hear,
  join,
  joiner,
  openDoors,
  party,
  receive,
  refusing,
  restarted,
  say,
  snapshot,
  suite1,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, invite } from '../refusal/forge-welcome.ts';

/** An Authentication Service that knows everybody but some, and lets everybody follow everybody. */
const notKnowing = (...names: readonly string[]): IdentityProvider => ({
  ...refusing(...names),
  validateSuccessor: () => Promise.resolve({ valid: true }),
});
const wary = { options: { identities: notKnowing('mallory', 'server') } };
const NO = { code: 'INVALID_CREDENTIAL', requirement: 'R7.3-02' };
const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const mallory = party('mallory');
const { identity } = mallory;

const proposing = (peer: Peer, proposal: Proposal): MLSMessage =>
  forge(peer, { contentType: ContentType.proposal, proposal });

const committing = (peer: Peer, proposal: Proposal): Promise<MLSMessage> =>
  forgeCommit(peer, (commit) => ({ ...commit, proposals: [{ type: 1, proposal }] }), { forcePath: true });

async function expectUnchanged(peer: Peer, act: () => Promise<unknown>): Promise<void> {
  const before = snapshot(peer);
  await expect(act()).rejects.toMatchObject(NO);
  expect(snapshot(peer)).toBe(before);
}

/** The same member, told by its Authentication Service from now on that somebody is not valid any more. */
function toldOf(peer: Peer, ...names: readonly string[]): Peer {
  const options = { ...openDoors, identities: notKnowing(...names) };
  return restarted({ ...peer, party: { ...peer.party, options } });
}

describe('the Authentication Service is asked, and its no is obeyed,', () => {
  it('before this member adds somebody [R5.3.1-01]', async () => {
    const [alice, bob, carol] = await acquainted(wary);
    const add = addOf(joiner(mallory));
    await expectUnchanged(alice, () => alice.group.propose(add, framing));
    await expectUnchanged(alice, () => alice.group.commit({ proposals: [add] }));
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('about everybody in a group that is to be joined [R5.3.1-02]', async () => {
    const invited = await invite();
    const { party: dave } = invited.joiner;
    for (const name of ['alice', 'bob', 'carol']) {
      const suspicious = { ...dave, options: { ...openDoors, identities: notKnowing(name) } };
      const joining = join({ ...invited.joiner, party: suspicious }, asMessage(invited.welcome));
      await expect(joining).rejects.toMatchObject(NO);
      await expect(enter(suspicious, invited.committer)).rejects.toMatchObject(NO);
    }
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('about whom a received Add brings, alone or in a commit [R5.3.1-03]', async () => {
    const [alice, bob, carol] = await acquainted(wary);
    const add = addOf(joiner(mallory));
    await expectRefused(bob, proposing(alice, add), NO.code, NO.requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectRefused(bob, await committing(alice, add), NO.code, NO.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('about the new credential of an Update, own or received [R5.3.1-04]', async () => {
    const [alice, bob, carol] = await acquainted(wary);
    await expectUnchanged(alice, () => alice.group.proposeUpdate(framing, identity));
    const leaf = alice.group.state.tree.findLeaf(0);
    if (leaf === undefined) throw new Error('a leaf expected');
    const leafNode = resignLeaf(alice, leaf, {
      encryptionKey: suite1.hpke.generateKeyPair().publicKey,
      credential: identity.credential,
      source: { leafNodeSource: LeafNodeSource.update },
    });
    const update = proposing(alice, { proposalType: ProposalType.update, leafNode });
    await expectRefused(bob, update, NO.code, NO.requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('about the new credential in a path, own or received [R5.3.1-05]', async () => {
    const [alice, bob, carol] = await acquainted(wary);
    await expectUnchanged(alice, () => alice.group.commit({ identity }));
    const message = await forgePath(alice, (path) => ({
      ...path,
      leafNode: resignLeaf(alice, path.leafNode, { credential: identity.credential }),
    }));
    await expectRefused(bob, message, NO.code, NO.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('about new external senders, own or received, and those of a new group [R5.3.1-06]', async () => {
    const [alice, bob, carol] = await acquainted(wary);
    const { credential, signatureKeyPair } = party('server').identity;
    const senders = [{ signatureKey: signatureKeyPair.publicKey, credential }];
    const extensions = [createExtension(ExtensionType.externalSenders, ExternalSenders, senders)];
    const replacing = { proposalType: ProposalType.groupContextExtensions, extensions };
    await expectUnchanged(alice, () => alice.group.propose(replacing, framing));
    await expectUnchanged(alice, () => alice.group.commit({ proposals: [replacing] }));
    await expectRefused(bob, proposing(alice, replacing), NO.code, NO.requirement);
    await expectRefused(bob, await committing(alice, replacing), NO.code, NO.requirement);
    await expect(found(party('erin', wary), { extensions })).rejects.toMatchObject(NO);
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a member whose credential is not valid any more', () => {
  it('can replace it in a commit, by a valid one only [R5.3.2-01]', async () => {
    const peers = await acquainted();
    const [alice, bob, carol] = [peers[0], toldOf(peers[1], 'alice'), toldOf(peers[2], 'alice')];
    const { message: same, staged: unused } = await alice.group.commit(framing);
    alice.group.drop(unused);
    await expectRefused(bob, same, NO.code, NO.requirement);
    const { message, staged } = await alice.group.commit({ ...framing, identity: party('alicia').identity });
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('can replace it in an Update that somebody else commits [R5.3.2-01]', async () => {
    const peers = await acquainted();
    const [alice, bob, carol] = [peers[0], toldOf(peers[1], 'alice'), toldOf(peers[2], 'alice')];
    await announce(await alice.group.proposeUpdate(framing, party('alicia').identity), bob, carol);
    const members = await commitBy(bob, [alice, bob, carol]);
    expect(bob.group.state.tree.findLeaf(0)?.credential).toMatchObject({ identity: bytes('alicia') });
    expectAgreement(members);
  });

  it('is still read: what it wrote before, and what it proposes for others [R5.3.2-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = say(alice, 'written in time');
    const proposal = await alice.group.propose(addOf(joiner(party('dave'))), framing);
    const late = toldOf(bob, 'alice');
    expect(await hear(late, message)).toBe('written in time');
    expect((await receive(late, proposal)).kind).toBe('proposal');
    await announce(proposal, carol);
    expect(late.group.state.proposals).toHaveLength(1);
  });
});

const id = (name: string): Extension =>
  createExtension(ExtensionType.applicationId, ApplicationId, bytes(name));

describe('an application_id', () => {
  it('may be that of several leaves [R5.3.3-02]', async () => {
    const shared = { leafExtensions: [id('device 1')] };
    const peers = await groupOf(['alice', 'bob', 'carol'], shared);
    const dave = await comeIn(party('dave', shared), peers);
    const all = [...peers, dave];
    expectAgreement(await commitBy(dave, all));
    await expectConversation(all);
    for (const { leafNode } of dave.group.members())
      expect(leafNode.extensions).toContainEqual(id('device 1'));
  });

  it('names nobody: who shows it is known by the credential alone [R5.3.3-01]', async () => {
    const answers = await IdentityAnswers.ask(openDoors.identities, []);
    const showing = (name: string, applicationId: string): string =>
      answers.identifierOf(leafOf(party(name, { leafExtensions: [id(applicationId)] }).identity, suite1));
    expect(showing('alice', 'a')).toBe(showing('alice', 'b'));
    expect(showing('alice', 'a')).not.toBe(showing('bob', 'a'));
  });

  it('gives no place in a group: who claims that of a member is a stranger [R5.3.3-01]', async () => {
    const strict = { options: { identities: refusing() }, leafExtensions: [id('device 1')] };
    const [alice, bob] = await groupOf(['alice', 'bob'], strict);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const thief = party('mallory', { leafExtensions: [id('device 1')] });
    const { message } = await enter(thief, alice, { resync: bob.group.state.ownLeafIndex });
    await expectRefused(alice, message, 'INVALID_SUCCESSOR', 'R5.3.1-07');
    await expectConversation([alice, bob]);
  });
});
