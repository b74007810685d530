import { describe, expect, it } from '@jest/globals';

import type { Proposal } from '../../src/proposals/proposal.ts';
import { selectProposals } from '../../src/proposals/select-proposals.ts';
import { SenderType } from '../../src/framing/content.ts';
import { ProposalType } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { announce, addOf, groupOf, joiner, party, removeOf, stage, trio, type Peer } from '../parties.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import {
  demanding,
  expectNotCommitted,
  externalPsk,
  forgeProposal,
  knownPsks,
  mixIn,
  publicly,
  reinitTo,
  removeLeaf,
  replaceExtensions,
  settle,
  spread,
} from './12.1-proposals.ts';

const knowing = { options: { psks: knownPsks } };
const able = { capabilities: { extensions: [0xf001] } };
const dave = joiner(party('dave'));
const addDave = addOf(dave);
const addAble = addOf(joiner(party('erin', able)));
const extensionF001 = { extensionType: 0xf001, extensionData: new Uint8Array(0) };
const demandF001 = replaceExtensions(demanding({ extensionTypes: [0xf001] }));

/** A nonce like no other. */
const nonce = (at: number): Uint8Array => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, at);
  return bytes;
};

async function four(settings = {}): Promise<readonly [Peer, Peer, Peer, Peer]> {
  const [a, b, c, d] = await groupOf(['alice', 'bob', 'carol', 'dora'], settings);
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four');
  return [a, b, c, d];
}

async function proposeUpdate(
  peer: Peer,
  all: readonly Peer[],
  identity = peer.party.identity,
): Promise<void> {
  const message = await peer.group.proposeUpdate(publicly, identity);
  await announce(message, ...all.filter((other) => other !== peer));
}

describe('a committer takes every proposal that fits, and is not kept from committing by one that does not', () => {
  it('such as the Add of somebody who is a member [R12.2-08, R12.4-06]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    const again = addOf(joiner(carol.party));
    await spread(bob, all, again, addDave);
    expect(await settle(alice, all)).toEqual([addDave]);
  });

  it('unless the member is removed too, in whatever order that was proposed [R12.2-08, R7.3-17]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    const again = addOf(joiner(carol.party));
    await spread(bob, all, again, removeOf(carol));
    expect(await settle(alice, all)).toEqual([again, removeOf(carol)]);
  });

  it('such as a second Add of one client, or of one with the same encryption key [R12.2-07, R7.3-16]', async () => {
    const all = await trio();
    const [alice, bob] = all;
    const twin = party('twin');
    const { encryptionKey } = dave.keyPackage.keyPackage.leafNode;
    const keyPackage = changedKeyPackage(twin, {}, { encryptionKey });
    const again = addOf(joiner(dave.party));
    await spread(bob, all, addDave, again, { proposalType: ProposalType.add, keyPackage });
    expect(await settle(alice, all)).toEqual([addDave]);
  });

  it("such as an Add that does not support the group's extensions [R7.3-19, R12.2-15]", async () => {
    const all = await groupOf(['alice', 'bob'], able, { extensions: [extensionF001] });
    const [alice, bob] = all;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    await spread(bob, all, addDave, addAble);
    expect(await settle(alice, all)).toEqual([addAble]);
  });

  it('such as extensions that a member does not support, unless it is removed [R12.1.7-01]', async () => {
    for (const remove of [false, true]) {
      const able3 = await groupOf(['alice', 'bob', 'carol'], able);
      const [alice, bob] = able3;
      if (alice === undefined || bob === undefined) throw new Error('three expected');
      const old = joiner(party('old'));
      const { message, welcome, staged } = await alice.group.commit({ proposals: [addOf(old)] });
      expect(welcome).toBeDefined();
      for (const peer of able3.slice(1)) peer.group.keep(await stage(peer, message));
      alice.group.keep(staged);
      await spread(bob, able3, demandF001, ...(remove ? [removeLeaf(3)] : []));
      expect(await settle(alice, able3)).toEqual(remove ? [demandF001, removeLeaf(3)] : []);
    }
  });

  it('such as an Add that does not meet the extensions proposed beside it [R12.3-02] (S8)', async () => {
    const all = await groupOf(['alice', 'bob', 'carol'], able);
    const [alice, bob, carol] = all;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    await spread(bob, all, addDave);
    await spread(carol, all, demandF001, addAble);
    expect(await settle(alice, all)).toEqual([demandF001, addAble]);
  });

  it('such as a second list of extensions, be it proposed or its own [R12.2-10]', async () => {
    const all = await groupOf(['alice', 'bob', 'carol'], able);
    const [alice, bob, carol] = all;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    const unsupported = replaceExtensions({ ...extensionF001, extensionType: 0xf002 });
    const none = replaceExtensions();
    await spread(bob, all, unsupported, demandF001, none);
    expect(await settle(alice, all)).toEqual([demandF001]);
    await spread(bob, all, replaceExtensions(extensionF001));
    expect(await settle(carol, all, { proposals: [none] })).toEqual([none]);
    expect(bob.group.state.groupContext.extensions).toEqual([]);
  });

  it('such as what does not meet its own extensions [R12.3-02]', async () => {
    const all = await groupOf(['alice', 'bob', 'carol'], able);
    const [alice, bob, carol] = all;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    const identity = { ...bob.party.identity, capabilities: party('plain').identity.capabilities };
    await proposeUpdate(bob, all, identity);
    await spread(carol, all, addDave);
    expect(await settle(alice, all, { proposals: [demandF001] })).toEqual([demandF001]);
  });

  it('such as a pre-shared key that it does not have, or one named twice [R12.2-09, R12.4.2-05]', async () => {
    const all = await trio(knowing);
    const [alice, bob, carol] = all;
    const unknown = mixIn(externalPsk('unheard of'));
    const known = mixIn(externalPsk('known 1'));
    const own = mixIn(externalPsk('known 2'));
    await spread(bob, all, unknown, known, own);
    await spread(carol, all, known);
    expect(await settle(alice, all, { proposals: [own] })).toEqual([known, own]);
  });

  it('such as an Update with the key of somebody else; an older one that fits is taken [R12.2-06, R7.3-15]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await proposeUpdate(bob, all);
    const older = bob.group.state.proposals[0]?.proposal;
    const { signatureKeyPair } = carol.party.identity;
    await proposeUpdate(bob, all, { ...bob.party.identity, signatureKeyPair });
    expect(alice.group.state.proposals).toHaveLength(2);
    expect(await settle(alice, all)).toEqual([older]);
  });

  it('such as an Add or Update with the key that it is about to take itself [R7.3-15]', async () => {
    const all = await trio();
    const [alice, bob] = all;
    const identity = { ...alice.party.identity, signatureKeyPair: dave.party.identity.signatureKeyPair };
    await spread(bob, all, addDave);
    await proposeUpdate(bob, all, { ...bob.party.identity, signatureKeyPair: identity.signatureKeyPair });
    expect(await settle(alice, all, { identity })).toEqual([]);
  });

  it('such as its own removal, or a second Remove of one leaf [R12.2-04, R12.2-05]', async () => {
    const all = await four();
    const [alice, bob, carol, dora] = all;
    await spread(bob, all, removeOf(alice), removeOf(dora));
    await spread(carol, all, removeOf(dora));
    await proposeUpdate(dora, all);
    expect(await settle(alice, all)).toEqual([removeOf(dora)]);
  });

  it('and judges the rest by what it does itself [R12.2-08, R12.1.7-01]', async () => {
    const all = await groupOf(['alice', 'bob'], able);
    const [alice, bob] = all;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const carol = joiner(party('carol'));
    const { message, staged } = await alice.group.commit({ proposals: [addOf(carol)] });
    bob.group.keep(await stage(bob, message));
    alice.group.keep(staged);
    const again = addOf(joiner(carol.party));
    await spread(bob, all, demandF001, addAble);
    expect(await settle(alice, all, { proposals: [removeLeaf(2)] })).toEqual([
      demandF001,
      addAble,
      removeLeaf(2),
    ]);
    await spread(bob, all, again);
    expect(await settle(alice, all)).toEqual([]);
  });

  it('of several Updates of a member it takes the newest that fits [R12.2-06]', async () => {
    const all = await trio();
    const [alice, bob] = all;
    for (let count = 0; count < 3; count++) await proposeUpdate(bob, all);
    const newest = alice.group.state.proposals.at(-1)?.proposal;
    expect(await settle(alice, all)).toEqual([newest]);
  });

  it('and its own proposals come before what others proposed [R12.2-05, R12.2-07]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await spread(bob, all, removeOf(carol), addDave);
    const own = [removeOf(carol), addOf(joiner(dave.party))];
    expect(await settle(alice, all, { proposals: own })).toEqual(own);
  });
});

describe('a ReInit that was received', () => {
  it('is committed when there is nothing else, be it that the rest does not fit [R12.2-12]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await spread(bob, all, addOf(joiner(carol.party)), reinitTo(1), reinitTo(3));
    expect(await settle(alice, all)).toEqual([reinitTo(1)]);
    expect(carol.group.state.status.kind).toBe('reinitialized');
  });

  it('gives way to everything else, received or its own [R12.2-12]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await spread(bob, all, reinitTo(1), addDave);
    expect(await settle(carol, all)).toEqual([addDave]);
    await spread(bob, all, reinitTo(1));
    expect(await settle(alice, all, { proposals: [removeOf(carol)] })).toEqual([removeOf(carol)]);
  });

  it('is not committed by a member that could not enter the group after it [R12.1.5-03]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await announce(forgeProposal(bob, reinitTo(0xf000)), alice, carol);
    expect(alice.group.state.proposals).toHaveLength(1);
    expect(await settle(alice, [alice, bob, carol])).toEqual([]);
    expect(bob.group.state.status.kind).toBe('active');
  });

  it('puts aside what others proposed when it is the own wish of the committer [R12.2-11]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await spread(bob, all, addDave, removeOf(carol));
    expect(await settle(alice, all, { proposals: [reinitTo(1)] })).toEqual([reinitTo(1)]);
    expect(bob.group.state.status.kind).toBe('reinitialized');
  });
});

describe('the own proposals of a committer', () => {
  it('are not dropped in favour of others: when they do not fit, the commit is refused [R12.2-01]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await spread(bob, all, addDave);
    const member: Proposal = addOf(joiner(carol.party));
    const request = { proposals: [member], includeReceived: true };
    await expectNotCommitted(alice, request, 'DUPLICATE_KEY', 'R7.3-15');
    await expectNotCommitted(alice, { proposals: [demandF001] }, 'UNSUPPORTED_CAPABILITY', 'R12.1.7-01');
    expect(await settle(alice, all)).toEqual([addDave]);
  });
});

describe('the choice among very many proposals', () => {
  it('stays below what a commit can count of pre-shared keys [R8.4-07]', async () => {
    const [alice] = await trio(knowing);
    const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(1) };
    const proposals = Array.from({ length: 65_540 }, (_, at) => ({
      proposal: mixIn(externalPsk('known', nonce(at))),
      sender,
      reference: nonce(at),
    }));
    const { groupContext, tree, ownLeafIndex } = alice.group.state;
    const state = { groupContext, tree, ownLeafIndex, proposals };
    const means = { psks: knownPsks, newIdentity: undefined };
    const own = [{ proposal: mixIn(externalPsk('known own')), sender, reference: undefined }];
    expect(selectProposals(state, own, means)).toHaveLength(65_534);
  });
});
