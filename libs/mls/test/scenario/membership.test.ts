import { describe, expect, it } from '@jest/globals';

import { sliceWelcome } from '../../src/commits/welcome.ts';
import { nodesOfTree } from '../../src/extensions/ratchet-tree.ts';
import { Group } from '../../src/group/group.ts';
import { keyPackageRef } from '../../src/key-packages/key-package.ts';
import { WireFormat } from '../../src/registries.ts';
import {
  addOf,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  groupOf,
  join,
  joiner,
  keyPackageOf,
  lifetime,
  openDoors,
  party,
  receive,
  removeOf,
  suite1,
  trio,
} from '../parties.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

describe('a group', () => {
  it('begins with one member at epoch 0 and an empty transcript [R11-01]', async () => {
    const { group } = await found(party('alice'));
    expect(group.epoch).toBe(0n);
    expect(group.state.groupContext.confirmedTranscriptHash).toEqual(empty);
    expect(Array.from(group.members(), ({ leafIndex }) => leafIndex)).toEqual([0]);
  });

  it('lets its only member renew its keys alone [R12.4.1-05]', async () => {
    const alice = await found(party('alice'));
    const before = alice.group.epochAuthenticator;
    await commitBy(alice, [alice]);
    expect(alice.group.epoch).toBe(1n);
    expect(alice.group.epochAuthenticator).not.toEqual(before);
  });

  it('is joined by those that a commit adds, by value, with and without a path [R12.4-13, R12.4.1-09]', async () => {
    const alice = await found(party('alice'));
    const two = await commitBy(alice, [alice], { forcePath: true }, [joiner(party('bob'))]);
    expectAgreement(two);
    const four = await commitBy(alice, two, {}, [joiner(party('carol')), joiner(party('dave'))]);
    expectAgreement(four);
    await expectConversation(four);
  });

  it('is joined with the tree beside the Welcome, cut down to one entry [R12.4.1-11, R12.4.3.1-21]', async () => {
    const alice = await found(party('alice'));
    const bob = joiner(party('bob'));
    const carol = joiner(party('carol'));
    const { welcome, staged } = await alice.group.commit({
      proposals: [addOf(bob), addOf(carol)],
      welcomeInfo: { ratchetTree: false, externalPub: false, grease: false },
    });
    alice.group.keep(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const { keyPackage, party: who } = carol;
    const slice = sliceWelcome(welcome, keyPackageRef(suite1, keyPackage.keyPackage));
    expect(slice?.secrets).toHaveLength(1);
    const input = { suite: suite1, welcome: slice ?? welcome, keyPackage };
    await expect(Group.join({ ...input, ratchetTree: undefined }, who.options)).rejects.toMatchObject({
      code: 'RATCHET_TREE_REQUIRED',
    });
    const group = await Group.join({ ...input, ratchetTree: alice.group.state.tree }, who.options);
    const members = [alice, { party: who, group }];
    expectAgreement(members);
    await expectConversation(members);
  });

  it('takes in a member that was proposed by reference, and welcomes it [R12.4.1-12, R12.1-01]', async () => {
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave'));
    const proposal = await bob.group.propose(addOf(dave), framing);
    for (const peer of [alice, carol]) expect((await receive(peer, proposal)).kind).toBe('proposal');
    const { message, welcome, staged } = await carol.group.commit();
    carol.group.keep(staged);
    for (const peer of [alice, bob]) await follow(peer, message);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const members = [alice, bob, carol, await join(dave, { wireFormat: WireFormat.welcome, welcome })];
    expectAgreement(members);
    await expectConversation(members);
  });

  it('gives a member new keys by its Update, committed by another one [R12.1.2-02, R12.1.2-04]', async () => {
    const [alice, bob, carol] = await trio();
    const old = bob.group.state.tree.findLeaf(1);
    const proposal = await bob.group.proposeUpdate(framing);
    for (const peer of [alice, carol]) await receive(peer, proposal);
    const members = await commitBy(carol, [alice, bob, carol]);
    expectAgreement(members);
    expect(alice.group.state.tree.findLeaf(1)?.encryptionKey).not.toEqual(old?.encryptionKey);
    await expectConversation(members);
    // The new key is really held: the next path secret is encrypted to it.
    expectAgreement(await commitBy(alice, members));
  });

  it('follows a member to a new signature key, by commit and by Update [R12.4.1-06]', async () => {
    const [alice, bob, carol] = await trio();
    const all = [alice, bob, carol];
    const renewed = party('alice').identity;
    await commitBy(alice, all, { identity: renewed });
    expect(bob.group.state.tree.findLeaf(0)?.signatureKey).toEqual(renewed.signatureKeyPair.publicKey);
    await expectConversation(all);
    const bobs = party('bob').identity;
    const proposal = await bob.group.proposeUpdate(framing, bobs);
    for (const peer of [alice, carol]) await receive(peer, proposal);
    await commitBy(carol, all);
    expect(alice.group.state.tree.findLeaf(1)?.signatureKey).toEqual(bobs.signatureKeyPair.publicKey);
    expectAgreement(all);
    await expectConversation(all);
  });

  it('fills the hole of a removed member from the left, and shrinks when its right half is empty [R12.1.1-02, R12.1.3-02, R7.7-02]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e']);
    const [a, b, , , e] = peers;
    if (a === undefined || b === undefined || e === undefined) throw new Error('five expected');
    expect(a.group.state.tree.leafCount).toBe(8);
    const four = await commitBy(a, peers, { proposals: [removeOf(b)] });
    expectAgreement(four);
    expect(four).toHaveLength(4);
    const five = await commitBy(e, four, {}, [joiner(party('f'))]);
    expectAgreement(five);
    expect(five.at(-1)?.group.state.ownLeafIndex).toBe(1);
    const small = await commitBy(a, five, { proposals: [removeOf(e)] });
    expectAgreement(small);
    expect(a.group.state.tree.leafCount).toBe(4);
    await expectConversation(small);
  });

  it('lets a removal and an addition share a place in one commit [R12.3-03]', async () => {
    const [alice, bob, carol] = await trio();
    const again = joiner(bob.party);
    const members = await commitBy(alice, [alice, bob, carol], { proposals: [removeOf(bob)] }, [again]);
    expectAgreement(members);
    expect(members.at(-1)?.group.state.ownLeafIndex).toBe(1);
    await expectConversation(members);
  });

  it('shrinks to one leaf when only the first member is left [R7.7-03]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const [a, ...others] = peers;
    if (a === undefined) throw new Error('eight expected');
    await commitBy(a, peers, { proposals: others.map(removeOf) });
    expect(a.group.state.tree.leafCount).toBe(1);
    expect(nodesOfTree(a.group.state.tree)).toHaveLength(1);
  });

  it('tells what a commit does before it is kept', async () => {
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave'));
    const { staged } = await alice.group.commit({ proposals: [removeOf(bob), addOf(dave)] });
    expect(staged.effects).toMatchObject({ committer: 0, joined: false, selfRemoved: false });
    expect(staged.effects.removed.map(({ leafIndex }) => leafIndex)).toEqual([1]);
    expect(staged.effects.added.map(({ leafIndex }) => leafIndex)).toEqual([1]);
    expect(carol.group.epoch).toBe(1n);
  });

  it('can use one last-resort KeyPackage for two groups [R10-04]', async () => {
    const bob = party('bob');
    const lastResort = { party: bob, keyPackage: keyPackageOf(bob) };
    for (const name of ['alice', 'carol']) {
      const founder = await found(party(name));
      const members = await commitBy(founder, [founder], {}, [lastResort]);
      await commitBy(founder, members, { forcePath: true });
      expectAgreement(members);
      await expectConversation(members);
    }
  });

  it('is not made by somebody who does not support what it asks for [R11-07]', async () => {
    const { identity } = party('alice');
    const request = { suite: suite1, groupId: suite1.random(16), identity, lifetime, grease: false };
    const extensions = [{ extensionType: 0xf001, extensionData: empty }];
    await expect(Group.create({ ...request, extensions }, openDoors)).rejects.toMatchObject({
      code: 'UNSUPPORTED_EXTENSION',
    });
  });
});
