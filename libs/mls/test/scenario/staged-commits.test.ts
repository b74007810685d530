import { isDeepStrictEqual } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { SenderType } from '../../src/framing/content.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import {
  addOf,
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  joiner,
  nameIn,
  openDoors,
  party,
  receive,
  refusal,
  removeOf,
  restarted,
  say,
  snapshot,
  stage,
  trio,
} from '../parties.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
const misuse = expect.objectContaining({ name: 'MlsError', code: 'MISUSE' });

describe('a staged commit', () => {
  it('changes nothing until it is kept [R14-03]', async () => {
    const [alice, bob, carol] = await trio();
    await expectConversation([alice, bob, carol]);
    const before = snapshot(alice);
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    expect(snapshot(alice)).toBe(before);
    const foreign = await stage(bob, message);
    expect(bob.group.epoch).toBe(1n);
    await expectConversation([alice, bob, carol]);
    alice.group.keep(staged);
    bob.group.keep(foreign);
    expectAgreement([alice, bob]);
  });

  it('that lost the race is dropped, and the winner kept [R14-03, R14-02]', async () => {
    const [alice, bob, carol] = await trio();
    const own = await alice.group.commit();
    const winner = await bob.group.commit();
    const staged = await stage(alice, winner.message);
    alice.group.drop(own.staged);
    alice.group.keep(staged);
    bob.group.keep(winner.staged);
    await follow(carol, winner.message);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
    await expect(receive(carol, own.message)).rejects.toEqual(refusal('WRONG_EPOCH'));
  });

  it('may be kept while a message of the old epoch is being opened: that is read or refused, never misread', async () => {
    const forgetful = { options: { policy: { ...defaultPolicy, pastEpochs: 0 } } };
    const [alice, bob] = await trio(forgetful);
    const { staged } = await alice.group.commit();
    const underWay = receive(alice, say(bob, 'meanwhile'));
    await Promise.resolve();
    alice.group.keep(staged);
    await expect(underWay).rejects.toEqual(expect.objectContaining({ name: 'MlsError' }));
    expect(alice.group.epoch).toBe(2n);
    say(alice, 'goes on');
  });

  it('may be dropped after the winner was kept', async () => {
    const [alice, bob, carol] = await trio();
    const own = await alice.group.commit({ forcePath: true });
    const { message, staged } = await bob.group.commit();
    bob.group.keep(staged);
    for (const peer of [alice, carol]) await follow(peer, message);
    alice.group.drop(own.staged);
    await expectConversation([alice, bob, carol]);
    expectAgreement(await commitBy(alice, [alice, bob, carol]));
  });

  it('is kept once, in the epoch it was made for [R14-03]', async () => {
    const [alice, bob, carol] = await trio();
    const late = await alice.group.commit();
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    const before = snapshot(alice);
    expect(() => alice.group.keep(staged)).toThrow(misuse);
    expect(() => alice.group.keep(late.staged)).toThrow(misuse);
    expect(snapshot(alice)).toBe(before);
    await expectConversation([alice, bob, carol]);
  });

  it('is settled once: neither kept when it was dropped nor dropped when it was kept [R14-02]', async () => {
    const [alice, bob, carol] = await trio();
    const dropped = await alice.group.commit();
    alice.group.drop(dropped.staged);
    expect(() => alice.group.keep(dropped.staged)).toThrow(misuse);
    expect(() => alice.group.drop(dropped.staged)).toThrow(misuse);
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expect(() => alice.group.drop(staged)).toThrow(misuse);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('does not bring a removed member back [R12.4.2-16]', async () => {
    const [alice, bob] = await trio();
    const own = await bob.group.commit();
    const { message } = await alice.group.commit({ proposals: [removeOf(bob)] });
    await follow(bob, message);
    expect(() => bob.group.keep(own.staged)).toThrow(expect.objectContaining({ code: 'GROUP_ENDED' }));
    expect(bob.group.state.status.kind).toBe('removed');
  });

  it('can be kept although the member has sent and heard messages since', async () => {
    const [alice, bob, carol] = await trio();
    const { message, staged } = await alice.group.commit();
    const late = say(bob, 'meanwhile');
    await expectConversation([alice, bob, carol]);
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expect((await receive(alice, late)).kind).toBe('application');
    await expectConversation([alice, bob, carol]);
  });

  it('with an own Update leaves that Update usable when it is dropped [R12.1.2-04]', async () => {
    const [alice, bob, carol] = await trio();
    const update = await alice.group.proposeUpdate(framing);
    for (const peer of [bob, carol]) await receive(peer, update);
    const loser = await bob.group.commit();
    const winner = await carol.group.commit();
    alice.group.drop(await stage(alice, loser.message));
    await follow(alice, winner.message);
    bob.group.drop(loser.staged);
    await follow(bob, winner.message);
    carol.group.keep(winner.staged);
    expectAgreement([alice, bob, carol]);
    // Alice holds the key of her new leaf: the path secret of this commit is encrypted to it.
    expectAgreement(await commitBy(bob, [alice, bob, carol]));
  });

  it('is not spoiled by dropping another one of the same epoch', async () => {
    const [alice, bob, carol] = await trio();
    const { message, staged } = await alice.group.commit({ forcePath: true });
    const other = await alice.group.commit({ forcePath: true });
    alice.group.drop(other.staged);
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });
});

describe('proposals by reference', () => {
  it('are forgotten with their epoch [R12.1-02]', async () => {
    const [alice, bob, carol] = await trio();
    const update = await alice.group.proposeUpdate(framing);
    for (const peer of [bob, carol]) await receive(peer, update);
    await commitBy(bob, [alice, bob, carol], { includeReceived: false });
    for (const { group } of [alice, bob, carol]) {
      expect(group.state.proposals).toEqual([]);
      expect(group.state.pendingUpdates).toEqual([]);
    }
    await expect(receive(bob, update)).rejects.toEqual(refusal('WRONG_EPOCH'));
    await expectConversation([alice, bob, carol]);
  });

  it('need not all be committed [R12.4-07]', async () => {
    const [alice, bob, carol] = await trio();
    const unheard = await bob.group.propose(addOf(joiner(party('dave'))), framing);
    await receive(alice, unheard);
    const members = await commitBy(carol, [alice, bob, carol]);
    expect(Array.from(alice.group.members())).toHaveLength(3);
    expectAgreement(members);
  });

  it('are cached once, however often they come [R12.1-01]', async () => {
    const [alice, bob] = await trio();
    const message = await alice.group.propose(removeOf(bob), {
      ...framing,
      wireFormat: WireFormat.publicMessage,
    });
    for (const peer of [bob, bob, alice]) expect((await receive(peer, message)).kind).toBe('proposal');
    expect(bob.group.state.proposals).toHaveLength(1);
    expect(alice.group.state.proposals).toHaveLength(1);
  });

  it('are chosen by the committer: a Remove before an Update, the newest Update, no own ones [R12.2-06]', async () => {
    const [alice, bob, carol] = await trio();
    for (let count = 0; count < 2; count++)
      await announce(await bob.group.proposeUpdate(framing), alice, carol);
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    await announce(await alice.group.proposeUpdate(framing), bob, carol);
    const isBobs = { senderType: SenderType.member, leafIndex: 1 };
    const bobs = alice.group.state.proposals.filter(({ sender }) => isDeepStrictEqual(sender, isBobs));
    expect(bobs).toHaveLength(2);
    const newest = bobs[1]?.proposal;
    await announce(await alice.group.propose(removeOf(carol), framing), bob, carol);
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    const members = await commitBy(alice, [alice, bob, carol]);
    expect(members).toEqual([alice, bob]);
    expectAgreement(members);
    if (newest?.proposalType !== ProposalType.update) throw new Error('an Update expected');
    expect(alice.group.state.tree.findLeaf(1)?.encryptionKey).toEqual(newest.leafNode.encryptionKey);
    expectAgreement(await commitBy(alice, members));
  });

  it('of the last epoch are not cached in the next, even if the identity check lasts longer than the epoch [R12.1-01]', async () => {
    const [alice, bob, carol] = await trio();
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const { identities } = openDoors;
    const slowBob = restarted({
      ...bob,
      party: {
        ...bob.party,
        options: {
          ...bob.party.options,
          identities: {
            ...identities,
            async validateCredential(presented) {
              if (nameIn(presented) === 'dave') {
                asked.resolve();
                await answered.promise;
              }
              return identities.validateCredential(presented);
            },
          },
        },
      },
    });
    const proposal = await carol.group.propose(addOf(joiner(party('dave'))), framing);
    const { staged } = await slowBob.group.commit({ forcePath: true });
    const processing = receive(slowBob, proposal);
    await asked.promise;
    slowBob.group.keep(staged);
    answered.resolve();
    await expect(processing).rejects.toEqual(refusal('WRONG_EPOCH'));
    expect(slowBob.group.state.proposals).toEqual([]);
    expect(alice.group.epoch).toBe(1n);
  });
});
