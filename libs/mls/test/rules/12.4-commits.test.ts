import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';

import { Commit } from '../../src/commits/commit.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { deriveEpoch, deriveJoinerSecret, deriveMemberSecret } from '../../src/schedule/key-schedule.ts';
import { commitIn } from '../forge.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  follow,
  groupOf,
  hear,
  joiner,
  party,
  receive,
  removeOf,
  say,
  stage,
  suite1,
  trio,
  type Peer,
  reversedPsks,
} from '../parties.ts';
import { noExtensions, reinit } from '../refusal/bad-commits.ts';
import { byReference, byValue, framedListing, removeLeaf } from './12.1-proposals.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const knowing = { options: { psks: reversedPsks } };
const psk: Proposal = {
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(32) },
};

/** The reference under which a member knows the newest proposal. */
const newest = ({ group }: Peer): Uint8Array => group.state.proposals.at(-1)?.reference ?? empty;

describe('a commit', () => {
  it('is a list of proposals, by value or by reference, and maybe a path [R12.4-01]', () => {
    const commit: Commit = {
      proposals: [byReference(Uint8Array.of(0xaa, 0xbb)), byValue(removeLeaf(0x0102_0304))],
      path: undefined,
    };
    // 11 bytes of proposals: a reference (02, length, bytes), a value (01, type 3, leaf); no path.
    const coded = '0b0202aabb0100030102030400';
    expect(hex(encode(Commit, commit))).toBe(coded);
    expect(decode(Commit, Buffer.from(coded, 'hex'))).toEqual(commit);
  });

  it.each([0, 3, 255])('knows no third way to name a proposal: type %i is malformed [R12.4-01]', (type) => {
    const coded = Uint8Array.from([4, type, 2, 0xaa, 0xbb, 0]);
    expect(() => decode(Commit, coded)).toThrow(expect.objectContaining({ name: 'CodecError' }));
  });

  it('may hold nothing but a path [R12.4-09]', async () => {
    const members = await trio();
    const { message, staged } = await members[0].group.commit({ wireFormat: WireFormat.publicMessage });
    expect(commitIn(message)).toMatchObject({ proposals: [], path: { nodes: expect.any(Array) } });
    members[0].group.keep(staged);
    for (const peer of members.slice(1)) await follow(peer, message);
    expectAgreement(members);
  });

  it('without a path leaves the leaf of the committer and brings no fresh secret [R12.4-13]', async () => {
    const members = await trio();
    const [alice] = members;
    const { initSecret } = alice.group.state.secrets;
    const leaf = alice.group.state.tree.findLeaf(0);
    const { message, staged } = await alice.group.commit({
      proposals: [addOf(joiner(party('dave')))],
      wireFormat: WireFormat.publicMessage,
    });
    expect(commitIn(message).path).toBeUndefined();
    const groupContext = encode(GroupContext, staged.state.groupContext);
    const nothing = new Uint8Array(32);
    const joinerSecret = deriveJoinerSecret(suite1, { initSecret, commitSecret: nothing, groupContext });
    const member = deriveMemberSecret(suite1, joinerSecret, nothing);
    const { secrets } = deriveEpoch(suite1, member, groupContext);
    expect(hex(staged.state.secrets.epochAuthenticator)).toBe(hex(secrets.epochAuthenticator));
    alice.group.keep(staged);
    for (const peer of members.slice(1)) await follow(peer, message);
    expectAgreement(members);
    expect(alice.group.state.tree.findLeaf(0)).toBe(leaf);
  });
});

describe('a proposal by value', () => {
  it('counts as sent by the committer: nobody can update somebody else so [R12.4-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { group } = carol;
    await announce(await group.proposeUpdate(framing), alice, bob);
    const carols = bob.group.state.proposals[0]?.proposal;
    if (carols === undefined) throw new Error('an Update expected');
    const stolen = await framedListing(alice, {}, byValue(carols));
    await expectRefused(bob, stolen, 'INVALID_PROPOSAL_LIST', 'R12.2-03');
    await expect(alice.group.commit({ proposals: [carols] })).rejects.toMatchObject({ name: 'MlsError' });
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a proposal by reference', () => {
  const twice: readonly [string, string, (bob: Peer, carol: Peer) => Proposal | undefined][] = [
    ['an Add', 'R12.2-07', () => addOf(joiner(party('dave')))],
    ['an Update', 'R12.2-05', () => undefined],
    ['a Remove', 'R12.2-05', (_bob, carol) => removeOf(carol)],
    ['a PreSharedKey', 'R12.2-09', () => psk],
    ['a ReInit', 'R12.2-11', () => reinit],
    ['a GroupContextExtensions', 'R12.2-10', () => noExtensions],
  ];
  it.each(twice)(
    'that stands twice is %s twice, which has its own rule [R12.4-03]',
    async (_what, requirement, make) => {
      const [alice, bob, carol] = await acquainted(knowing);
      const proposal = make(bob, carol);
      const message =
        proposal === undefined
          ? await carol.group.proposeUpdate(framing)
          : await carol.group.propose(proposal, framing);
      await announce(message, alice, bob);
      const entry = byReference(newest(bob));
      const once = await alice.group.commit();
      bob.group.drop(await stage(bob, once.message));
      alice.group.drop(once.staged);
      await expectRefused(
        bob,
        await framedListing(alice, {}, entry, entry),
        'INVALID_PROPOSAL_LIST',
        requirement,
      );
      await expectGoesOn(alice, [alice, bob, carol]);
    },
  );

  it.each([0, 31, 32, 33])(
    'that nobody has heard of, of %i bytes, stops the commit until it comes [R12.4-04]',
    async (length) => {
      const [alice, bob, carol] = await acquainted();
      const unknown = await framedListing(alice, {}, byReference(suite1.random(length)));
      await expectRefused(bob, unknown, 'UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04');
      const proposal = await carol.group.propose(addOf(joiner(party('dave'))), framing);
      await receive(alice, proposal);
      const { message, staged } = await alice.group.commit();
      await expectRefused(bob, message, 'UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04');
      await receive(bob, proposal);
      alice.group.keep(staged);
      for (const peer of [bob, carol]) await follow(peer, message);
      expectAgreement([alice, bob, carol]);
    },
  );
});

describe('a member that knows valid proposals', () => {
  it('commits before it sends application data, unless its policy is another [R12.4-05]', async () => {
    const relaxed = { options: { policy: { ...defaultPolicy, commitBeforeApplicationData: false } } };
    for (const { settings, strict } of [
      { settings: {}, strict: true },
      { settings: relaxed, strict: false },
    ]) {
      const [alice, bob] = await groupOf(['alice', 'bob'], settings);
      if (alice === undefined || bob === undefined) throw new Error('two expected');
      await announce(await bob.group.proposeUpdate(framing), alice);
      if (strict) {
        expect(() => say(alice, 'too early')).toThrow(
          expect.objectContaining({ code: 'PROPOSALS_PENDING', requirement: 'R12.4-05' }),
        );
      } else {
        expect(await hear(bob, say(alice, 'not too early'))).toBe('not too early');
      }
      await commitBy(alice, [alice, bob]);
      expect(await hear(bob, say(alice, 'now'))).toBe('now');
    }
  });

  it('commits all of them [R12.4-06]', async () => {
    const members = await trio(knowing);
    const [alice, bob, carol] = members;
    const dave = joiner(party('dave', knowing));
    const proposals = [addOf(dave), psk, noExtensions];
    for (const proposal of proposals)
      await announce(await bob.group.propose(proposal, framing), alice, carol);
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    const references = alice.group.state.proposals.map(({ reference }) => hex(reference));
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const committed = commitIn(message).proposals.map((entry) => entry.type === 2 && hex(entry.reference));
    expect(new Set(committed)).toEqual(new Set(references));
    expect(committed).toHaveLength(4);
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement(members);
  });

  it('does not insist that others commit them, and can propose again [R12.4-07, R12.4-08]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const dave = joiner(party('dave'));
    await announce(await bob.group.propose(addOf(dave), framing), alice, carol);
    await commitBy(carol, members, { includeReceived: false });
    expect(Array.from(alice.group.members())).toHaveLength(3);
    expectAgreement(members);
    for (const { group } of members) expect(group.state.proposals).toEqual([]);
    await announce(await bob.group.propose(addOf(dave), framing), alice, carol);
    await commitBy(carol, members);
    expect(Array.from(alice.group.members())).toHaveLength(4);
    expectAgreement(members);
  });
});
