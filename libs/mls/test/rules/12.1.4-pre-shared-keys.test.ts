import { describe, expect, it } from '@jest/globals';

import type { ProposalOrRef } from '../../src/commits/commit.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { deriveEpoch, deriveJoinerSecret, deriveMemberSecret } from '../../src/schedule/key-schedule.ts';
import { derivePskSecret, findPsks, type PreSharedKeyID, type PskStore } from '../../src/schedule/psk.ts';
import {
  commitBy,
  expectAgreement,
  expectConversation,
  follow,
  found,
  joiner,
  party,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';
import {
  byReference,
  byValue,
  confirmedCommit,
  expectNotCommitted,
  expectNotProposed,
  externalPsk,
  forgeProposal,
  knownPsks,
  mixIn,
  pathless,
  resumptionPsk,
  settle,
  spread,
} from './12.1-proposals.ts';

const knowing = { options: { psks: knownPsks } };

/** Requires that a pre-shared key is refused everywhere: proposed and committed, by its sender and by others. */
async function expectShut(make: (alice: Peer) => PreSharedKeyID, requirement: string): Promise<void> {
  const [alice, bob, carol] = await acquainted(knowing);
  const psk: Proposal = mixIn(make(alice));
  await expectNotProposed(alice, psk, 'INVALID_PSK', requirement);
  await expectNotCommitted(alice, { proposals: [psk] }, 'INVALID_PSK', requirement);
  await expectRefused(bob, forgeProposal(alice, psk), 'INVALID_PSK', requirement);
  expect(bob.group.state.proposals).toEqual([]);
  await expectRefused(bob, pathless(alice, byValue(psk)), 'INVALID_PSK', requirement);
  await expectGoesOn(alice, [alice, bob, carol]);
}

describe('a PreSharedKey proposal is refused on both sides', () => {
  it('when its key is one for a reinitialisation [R12.1.4-01, R11.2-04]', () =>
    expectShut(({ group }) => resumptionPsk(group.groupId, group.epoch, 2), 'R12.1.4-01'));

  it('when its key is one for a branch [R12.1.4-02, R11.3-06]', () =>
    expectShut(({ group }) => resumptionPsk(group.groupId, group.epoch, 3), 'R12.1.4-02'));

  it.each([0, 1, 31, 33, 64])('when its nonce has %i bytes [R12.1.4-03, R8.4-02]', (length) =>
    expectShut(() => externalPsk('known', new Uint8Array(length)), 'R8.4-02'),
  );

  it('when its nonce has not the size of the suite, for a resumption PSK too [R12.1.4-03]', () =>
    expectShut(
      ({ group }) => ({ ...resumptionPsk(group.groupId, group.epoch), pskNonce: new Uint8Array(48) }),
      'R8.4-02',
    ));
});

describe('a pre-shared key is mixed in', () => {
  it('of this epoch, of earlier ones and of another group, whoever commits it [R12.1.4-04]', async () => {
    const store = new Map<string, Uint8Array>();
    const psks: PskStore = {
      findExternalPsk: () => undefined,
      findResumptionPsk: (groupId, epoch) => store.get(`${hex(groupId)}/${epoch}`),
    };
    const all = await trio({ options: { psks } });
    const [alice, bob, carol] = all;
    const other = await found(party('alice'));
    const { groupId } = other.group;
    store.set(`${hex(groupId)}/0`, Uint8Array.from(other.group.state.secrets.resumptionPsk));
    await commitBy(alice, all);
    const own = alice.group.groupId;
    const keys = [resumptionPsk(own, 2n), resumptionPsk(own, 1n), resumptionPsk(groupId, 0n)].map(mixIn);
    for (const [at, psk] of keys.entries()) {
      await spread(bob, all, psk);
      const committer = [carol, alice][at % 2] ?? carol;
      expect(await settle(committer, all)).toEqual([psk]);
    }
    await expectConversation(all);
  });

  it('by reference and by value, in a commit with an Add and its Welcome [R12.1.4-04]', async () => {
    const all = await trio(knowing);
    const [alice, bob] = all;
    await spread(bob, all, mixIn(externalPsk('known 1')));
    const dave = joiner(party('dave', knowing));
    const members = await commitBy(alice, all, { proposals: [mixIn(externalPsk('known 2'))] }, [dave]);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('in the order of the commit: by reference, by value, by reference [R12.1.4-05, R12.3-01]', async () => {
    const all = await trio(knowing);
    const [alice, bob, carol] = all;
    const ids = [externalPsk('known 1'), externalPsk('known 2'), externalPsk('known 3')];
    const [first, second, third] = ids.map(mixIn);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three expected');
    await spread(bob, all, third, first);
    const [ofThird, ofFirst] = alice.group.state.proposals.map(({ reference }) => byReference(reference));
    if (ofThird === undefined || ofFirst === undefined) throw new Error('two references expected');
    const before = bob.group.state.secrets.initSecret.slice();
    const proposals: readonly ProposalOrRef[] = [ofFirst, byValue(second), ofThird];
    const message = await confirmedCommit(alice, { proposals, path: undefined }, carol);
    const { state } = await follow(bob, message);
    // The same by hand: the keys in the order of the list, and in another one.
    const authenticators = [ids, ids.toReversed()].map((order) => {
      const groupContext = GroupContext.bytesOf(state.groupContext);
      const commitSecret = new Uint8Array(32);
      const joinerSecret = deriveJoinerSecret(suite1, { initSecret: before, commitSecret, groupContext });
      const pskSecret = derivePskSecret(suite1, findPsks(order, knownPsks));
      const memberSecret = deriveMemberSecret(suite1, joinerSecret, pskSecret);
      return hex(deriveEpoch(suite1, memberSecret, groupContext).secrets.epochAuthenticator);
    });
    expect(hex(bob.group.epochAuthenticator)).toBe(authenticators[0]);
    expect(hex(bob.group.epochAuthenticator)).not.toBe(authenticators[1]);
    await follow(carol, message);
    expectAgreement([bob, carol]);
  });
});
