import { describe, expect, it } from '@jest/globals';

import type { Commit, ProposalOrRef } from '../../src/commits/commit.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType } from '../../src/registries.ts';
import { signLeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { commitIn } from '../forge.ts';
import { comeIn, enter, forgeEntry, type Entry } from '../outsider.ts';
import {
  addOf,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  joiner,
  party,
  refusing,
  removeOf,
  suite1,
  type Party,
  type Peer,
} from '../parties.ts';
import { acquainted, expectRefused } from '../refusal/expect-refused.ts';
import {
  byValue,
  externalPsk,
  knownPsks,
  mixIn,
  reinitTo,
  replaceExtensions,
  trueTag,
  updateOf,
} from './12.1-proposals.ts';

const knowing = { options: { psks: knownPsks } };
const dave = party('dave', knowing);
const init = (): Proposal => ({ proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) });

type JoinRequest = NonNullable<Parameters<typeof enter>[2]>;

async function entryOf(who: Party, through: Peer, more: JoinRequest = {}): Promise<Entry> {
  return { who, message: (await enter(who, through, more)).message };
}

const changing =
  (change: (proposals: readonly ProposalOrRef[]) => readonly ProposalOrRef[]) =>
  (commit: Commit): Commit => ({ ...commit, proposals: change(commit.proposals) });

type Change = Parameters<typeof changing>[0];

/** Requires that all members refuse each change of an external Commit, and that the true one still brings its sender in. */
async function expectShut(
  members: readonly Peer[],
  requirement: string,
  ...changes: readonly Change[]
): Promise<void> {
  const [door] = members;
  if (door === undefined) throw new Error('a member expected');
  const { peer, message } = await enter(dave, door);
  for (const change of changes) {
    const forged = forgeEntry(door, { who: dave, message }, changing(change));
    for (const member of members) await expectRefused(member, forged, 'INVALID_PROPOSAL_LIST', requirement);
  }
  for (const member of members) await follow(member, message);
  expectAgreement([...members, peer]);
  await expectConversation([...members, peer]);
}

describe('an external Commit is refused', () => {
  it('without an ExternalInit [R12.2-17]', async () => {
    await expectShut(await acquainted(), 'R12.2-17', (proposals) => proposals.slice(1));
  });

  it('with two [R12.2-17]', async () => {
    await expectShut(
      await acquainted(),
      'R12.2-17',
      (proposals) => [...proposals, byValue(init())],
      (proposals) => [...proposals, ...proposals],
    );
  });

  it('with two Removes [R12.2-18]', async () => {
    const members = await acquainted();
    const [, bob, carol] = members;
    const two = [bob, carol].map((peer) => byValue(removeOf(peer)));
    await expectShut(members, 'R12.2-18', (proposals) => [...proposals, ...two]);
  });

  it.each<[string, (bob: Peer) => Proposal]>([
    ['an Add', () => addOf(joiner(party('erin')))],
    ['an Update [R12.1.2-03]', (bob) => updateOf(bob)],
    ['a ReInit', () => reinitTo(1)],
    ['extensions', () => replaceExtensions()],
  ])('with %s [R12.2-21]', async (_what, make) => {
    const members = await acquainted();
    const more = byValue(make(members[1]));
    await expectShut(
      members,
      'R12.2-21',
      (proposals) => [...proposals, more],
      (proposals) => [more, ...proposals],
    );
  });

  it('with one PreSharedKeyID twice, also by the joiner itself [R12.2-20, R12.2-09]', async () => {
    const members = await acquainted(knowing);
    const [alice, bob] = members;
    const psk = externalPsk('known');
    await expect(enter(dave, alice, { psks: [psk, psk] })).rejects.toMatchObject({
      code: 'INVALID_PROPOSAL_LIST',
      requirement: 'R12.2-09',
    });
    const entry = await entryOf(dave, alice, { psks: [psk] });
    const twice = forgeEntry(
      alice,
      entry,
      changing((proposals) => [...proposals, byValue(mixIn(psk))]),
    );
    await expectRefused(bob, twice, 'INVALID_PROPOSAL_LIST', 'R12.2-09');
    await follow(bob, entry.message);
  });
});

describe('an external Commit that takes an old leaf out', () => {
  const strict = { options: { identities: refusing() } };

  it("is not made for somebody else's leaf, and refused [R12.2-19]", async () => {
    const [alice, , carol] = await acquainted(strict);
    const resync = carol.group.state.ownLeafIndex;
    const refused = { code: 'INVALID_SUCCESSOR', requirement: 'R5.3.1-07' };
    await expect(enter(party('mallory', strict), alice, { resync })).rejects.toMatchObject(refused);
    const { message } = await enter(party('mallory'), alice, { resync });
    for (const peer of [alice, carol]) {
      await expectRefused(peer, message, refused.code, refused.requirement);
    }
    const again = await comeIn(carol.party, [alice], { resync });
    expectAgreement([alice, again]);
  });

  it('is not made for a leaf that is nobody’s, and refused [R12.2-19, R12.1.3-01]', async () => {
    const [alice, bob] = await acquainted(strict);
    await expect(enter(dave, alice, { resync: toLeafIndex(3) })).rejects.toMatchObject({
      code: 'UNKNOWN_LEAF',
      requirement: 'R12.1.3-01',
    });
    const entry = await entryOf(dave, alice);
    const nobody = byValue({ proposalType: ProposalType.remove, removed: toLeafIndex(3) });
    const forged = forgeEntry(
      alice,
      entry,
      changing((proposals) => [...proposals, nobody]),
    );
    await expectRefused(bob, forged, 'UNKNOWN_LEAF', 'R12.1.3-01');
    await follow(bob, entry.message);
  });

  it('is refused when its leaf has the encryption key of the old one [R12.2-19]', async () => {
    const [alice, bob, carol] = await acquainted(strict);
    const resync = bob.group.state.ownLeafIndex;
    const entry = await entryOf(bob.party, alice, { resync });
    const encryptionKey = alice.group.state.tree.findLeaf(resync)?.encryptionKey ?? empty;
    const forged = forgeEntry(alice, entry, (commit) => {
      if (commit.path === undefined) throw new Error('a path expected');
      const content = { ...commit.path.leafNode, encryptionKey };
      const position = { groupId: alice.group.groupId, leafIndex: resync };
      const leafNode = signLeafNode(suite1, content, bob.group.state.signaturePrivateKey, position);
      return { ...commit, path: { ...commit.path, leafNode } };
    });
    await expectRefused(carol, forged, 'LEAF_KEY_NOT_CHANGED', 'R7.3-13');
    await follow(carol, entry.message);
  });
});

describe('an external Commit is taken', () => {
  it.each([0, 1, 3])('with %i pre-shared keys [R12.2-20]', async (count) => {
    const members = await acquainted(knowing);
    const psks = Array.from({ length: count }, (_, at) => externalPsk(`known ${at}`));
    const newcomer = await comeIn(dave, members, { psks });
    expectAgreement([...members, newcomer]);
  });

  it('in whatever order its proposals stand [R12.2-22]', async () => {
    const [alice, bob, carol] = await acquainted(knowing);
    const more = { resync: bob.group.state.ownLeafIndex, psks: [externalPsk('known')] };
    const entry = await entryOf(bob.party, alice, more);
    const types = commitIn(entry.message).proposals.map((one) => one.type === 1 && one.proposal.proposalType);
    expect(types).toEqual([ProposalType.externalInit, ProposalType.remove, ProposalType.psk]);
    const reversed = changing((proposals) => proposals.toReversed());
    const confirmationTag = await trueTag(carol, forgeEntry(alice, entry, reversed));
    const message = forgeEntry(alice, entry, reversed, { confirmationTag });
    for (const peer of [alice, carol]) {
      expect((await follow(peer, message)).effects).toMatchObject({ joined: true, committer: 1 });
    }
    expectAgreement([alice, carol]);
  });
});
