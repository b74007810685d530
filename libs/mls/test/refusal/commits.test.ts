import { describe, expect, it } from '@jest/globals';

import { WireFormat } from '../../src/registries.ts';
import { forge, publicOf } from '../forge.ts';
import {
  announce,
  commitBy,
  empty,
  expectAgreement,
  follow,
  openDoors,
  party,
  refusal,
  refusing,
  removeOf,
  restarted,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { badLists, badPaths, type Forging } from './bad-commits.ts';
import { byReference, framedListing, framedPathless } from '../rules/12.1-proposals.ts';
import { acquainted, expectGoesOn, expectRefused } from './expect-refused.ts';

async function refusesAll(code: string, make: Forging): Promise<void> {
  const [alice, bob, carol] = await acquainted();
  await expectRefused(bob, await make(alice, {}, carol), code);
  await expectGoesOn(alice, [alice, bob, carol]);
}

describe('the proposals of a commit are refused [R12.4.2-04]', () => {
  it.each(badLists)('%s', (_what, code, make) => refusesAll(code, make));

  it('that update the committer by reference, and when one reference stands twice [R12.2-03, R12.4-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await announce(await alice.group.proposeUpdate(framing), bob, carol);
    await announce(await carol.group.propose(removeOf(bob), framing), alice, bob);
    const [own, other] = bob.group.state.proposals;
    if (own === undefined || other === undefined) throw new Error('two proposals expected');
    await expectRefused(
      bob,
      await framedListing(alice, {}, byReference(own.reference)),
      'INVALID_PROPOSAL_LIST',
    );
    const twice = await framedListing(alice, {}, byReference(other.reference), byReference(other.reference));
    await expectRefused(carol, twice, 'INVALID_PROPOSAL_LIST');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('that need an Update of another member, without a path [R12.4-11, R12.4.2-06]', async () => {
    const [alice, bob, carol] = await acquainted();
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    const reference = bob.group.state.proposals[0]?.reference ?? empty;
    await expectRefused(bob, framedPathless(alice, {}, byReference(reference)), 'PATH_REQUIRED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('the path of a commit is refused', () => {
  it.each(badPaths)('%s', (_what, code, make) => refusesAll(code, make));

  it('when its leaf is that of somebody who is not believed, or is no successor [R7.3-02, R5.3.1-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const strict = (...names: readonly string[]): Peer =>
      restarted({
        ...bob,
        party: { ...bob.party, options: { ...openDoors, identities: refusing(...names) } },
      });
    const { message } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    await expectRefused(strict('alice'), message, 'INVALID_CREDENTIAL');
    const renamed = party('mallory').identity;
    const { message: other } = await alice.group.commit({
      wireFormat: WireFormat.publicMessage,
      identity: renamed,
    });
    await expectRefused(strict(), other, 'INVALID_SUCCESSOR');
    await follow(bob, message);
    expect(carol.group.epoch).toBe(1n);
  });
});

describe('the outcome of a commit is refused', () => {
  it('when the tag does not confirm it, and the true commit is still followed [R12.4.2-12, R6.1-12, R12.4.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const truth = auth.confirmationTag ?? empty;
    for (const tag of [truth.with(0, (truth[0] ?? 0) ^ 1), truth.subarray(1), empty]) {
      const forged = forge(alice, content.body, { confirmationTag: tag });
      await expectRefused(bob, forged, 'INVALID_CONFIRMATION_TAG');
    }
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
  });

  it('when it comes a second time [R8.1-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    await expectRefused(bob, message, 'WRONG_EPOCH');
    await commitBy(bob, [alice, bob, carol]);
  });
});

describe('a committer with a new identity', () => {
  it('is refused by its own Authentication Service before anybody hears of it [R5.3.1-05] [R5.3.1-07]', async () => {
    const [alice, bob] = await trio({ options: { identities: refusing('mallory') } });
    const before = snapshot(alice);
    const { identity } = party('mallory');
    await expect(alice.group.commit({ identity })).rejects.toThrow(refusal('INVALID_CREDENTIAL'));
    expect(snapshot(alice)).toBe(before);
    const renewed = party('alice').identity;
    const { message, staged } = await alice.group.commit({ identity: renewed });
    await follow(bob, message);
    alice.group.keep(staged);
    expect(bob.group.epochAuthenticator).toEqual(alice.group.epochAuthenticator);
  });
});
