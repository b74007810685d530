import { describe, expect, it } from '@jest/globals';

import type { Proposal } from '../../src/proposals/proposal.ts';
import { CredentialType, ProposalType } from '../../src/registries.ts';
import {
  addOf,
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  joiner,
  party,
  refusing,
  removeOf,
  restarted,
  snapshot,
  stage,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import {
  byReference,
  byValue,
  expectNotCommitted,
  externalPsk,
  knownPsks,
  listing,
  mixIn,
  pathless,
  publicly,
  reinitTo,
  replaceExtensions,
  settle,
  spread,
  updateOf,
} from './12.1-proposals.ts';

const knowing = { options: { psks: knownPsks } };
const dave = party('dave');
const onePsk = mixIn(externalPsk('known'));

interface BadList {
  readonly what: string;
  readonly requirement: string;
  readonly code?: string;
  readonly make: (alice: Peer, bob: Peer, carol: Peer) => readonly Proposal[];
}

/** Lists of proposals by value by Alice, each valid by itself. */
const badLists: readonly BadList[] = [
  {
    what: 'the Update of the committer [R12.2-03]',
    requirement: 'R12.2-03',
    make: (alice) => [updateOf(alice)],
  },
  {
    what: 'the removal of the committer [R12.2-04]',
    requirement: 'R12.2-04',
    make: (alice) => [removeOf(alice)],
  },
  {
    what: 'two Removes of one leaf [R12.2-05]',
    requirement: 'R12.2-05',
    make: (_alice, _bob, carol) => [removeOf(carol), removeOf(carol)],
  },
  {
    what: 'two Adds of one client [R12.2-07]',
    requirement: 'R12.2-07',
    make: () => [addOf(joiner(dave)), addOf(joiner(dave))],
  },
  {
    what: 'the Add of a member [R12.2-08]',
    requirement: 'R7.3-15',
    code: 'DUPLICATE_KEY',
    make: (_alice, _bob, carol) => [addOf(joiner(carol.party))],
  },
  {
    what: 'one PreSharedKeyID twice [R12.2-09]',
    requirement: 'R12.2-09',
    make: () => [onePsk, onePsk],
  },
  {
    what: 'two lists of extensions [R12.2-10]',
    requirement: 'R12.2-10',
    make: () => [replaceExtensions(), replaceExtensions()],
  },
  {
    what: 'a ReInit beside a pre-shared key [R12.2-11]',
    requirement: 'R12.2-11',
    make: () => [reinitTo(1), onePsk],
  },
  {
    what: 'a Remove before a ReInit [R12.2-11]',
    requirement: 'R12.2-11',
    make: (_alice, _bob, carol) => [removeOf(carol), reinitTo(1)],
  },
  { what: 'two ReInits [R12.2-11]', requirement: 'R12.2-11', make: () => [reinitTo(1), reinitTo(2)] },
];

describe('a commit is refused, by its committer and by those who receive it, with', () => {
  it.each(badLists)('$what [R12.2-01]', async ({ make, requirement, code = 'INVALID_PROPOSAL_LIST' }) => {
    const [alice, bob, carol] = await acquainted(knowing);
    const proposals = make(alice, bob, carol);
    await expectNotCommitted(alice, { proposals }, code, requirement);
    await expectRefused(bob, await listing(alice, ...proposals.map(byValue)), code, requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('an ExternalInit, which only those who join by themselves send [R12.2-13, R12.1.6-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const init: Proposal = { proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) };
    await expectNotCommitted(alice, { proposals: [init] }, 'INVALID_PROPOSAL', 'R12.1.6-01');
    const forged = await listing(alice, byValue(init));
    await expectRefused(bob, forged, 'INVALID_PROPOSAL_LIST', 'R12.2-13');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('an Add that makes a credential type common which a member does not support [R12.2-15, R7.3-06]', async () => {
    const basicOnly = { capabilities: { credentials: [CredentialType.basic] } };
    const [alice, bob, carol] = await acquainted(basicOnly);
    const credential = { credentialType: CredentialType.x509, certificates: [{ certData: empty }] };
    const add = addOf(joiner(party('dave', { credential })));
    await expectNotCommitted(alice, { proposals: [add] }, 'UNSUPPORTED_CAPABILITY', 'R7.3-06');
    await expectRefused(bob, pathless(alice, byValue(add)), 'UNSUPPORTED_CAPABILITY', 'R7.3-06');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('two clients that have one encryption key [R12.2-15, R7.3-16]', async () => {
    const [alice, bob, carol] = await acquainted();
    const first = joiner(dave);
    const { encryptionKey } = first.keyPackage.keyPackage.leafNode;
    const keyPackage = changedKeyPackage(party('twin'), {}, { encryptionKey });
    const proposals = [addOf(first), { proposalType: ProposalType.add, keyPackage }];
    await expectNotCommitted(alice, { proposals }, 'DUPLICATE_KEY', 'R7.3-16');
    const forged = pathless(alice, ...proposals.map(byValue));
    await expectRefused(bob, forged, 'DUPLICATE_KEY', 'R7.3-16');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

const references = ({ group }: Peer): Uint8Array[] => group.state.proposals.map(({ reference }) => reference);

describe('a commit is refused by those who receive it when it refers to', () => {
  it("the committer's own Update [R12.2-03]", async () => {
    const [alice, bob, carol] = await acquainted();
    await announce(await alice.group.proposeUpdate(publicly), bob, carol);
    const forged = await listing(alice, ...references(bob).map(byReference));
    await expectRefused(bob, forged, 'INVALID_PROPOSAL_LIST', 'R12.2-03');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it("the committer's removal, that somebody else proposed [R12.2-04]", async () => {
    const all = await acquainted();
    const [alice, bob, carol] = all;
    await spread(bob, all, removeOf(alice));
    const forged = await listing(alice, ...references(carol).map(byReference));
    await expectRefused(carol, forged, 'INVALID_PROPOSAL_LIST', 'R12.2-04');
    await expectGoesOn(alice, all);
  });

  it('two Updates of one member, or an Update and a Remove of it [R12.2-05]', async () => {
    const all = await acquainted();
    const [alice, bob, carol] = all;
    for (let count = 0; count < 2; count++) {
      await announce(await carol.group.proposeUpdate(publicly), alice, bob);
    }
    const [first = empty, second = empty] = references(bob);
    const twice = await listing(alice, byReference(first), byReference(second));
    await expectRefused(bob, twice, 'INVALID_PROPOSAL_LIST', 'R12.2-05');
    for (const entries of [
      [byReference(first), byValue(removeOf(carol))],
      [byValue(removeOf(carol)), byReference(second)],
    ]) {
      const both = await listing(alice, ...entries);
      await expectRefused(bob, both, 'INVALID_PROPOSAL_LIST', 'R12.2-05');
    }
    await expectGoesOn(alice, all);
  });

  it('what it also holds by value: an Add, a pre-shared key, extensions, a ReInit [R12.2-07, R12.2-09, R12.2-10, R12.2-11]', async () => {
    const all = await acquainted(knowing);
    const [alice, bob, carol] = all;
    const proposals = [addOf(joiner(dave)), onePsk, replaceExtensions(), reinitTo(1)];
    await spread(carol, all, ...proposals);
    const rules = ['R12.2-07', 'R12.2-09', 'R12.2-10', 'R12.2-11'];
    for (const [at, reference] of references(bob).entries()) {
      const proposal = proposals[at];
      const requirement = rules[at];
      if (proposal === undefined) throw new Error('a proposal expected');
      const forged = await listing(alice, byReference(reference), byValue(proposal));
      await expectRefused(bob, forged, 'INVALID_PROPOSAL_LIST', requirement);
    }
    await expectGoesOn(alice, all);
  });

  it('a proposal that was refused when it came, and so is not known [R12.2-02, R12.1-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const options = { ...bob.party.options, identities: refusing('dave') };
    const wary = restarted({ ...bob, party: { ...bob.party, options } });
    const message = await alice.group.propose(addOf(joiner(dave)), publicly);
    await expectRefused(wary, message, 'INVALID_CREDENTIAL', 'R7.3-02');
    const [reference = empty] = references(alice);
    const commit = pathless(alice, byReference(reference));
    await expectRefused(wary, commit, 'UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04');
    await expectGoesOn(alice, [alice, wary, carol]);
  });
});

describe('a commit is taken', () => {
  it('with one pre-shared key under two nonces [R12.2-09]', async () => {
    const all = await trio(knowing);
    const [alice] = all;
    const twice = [mixIn(externalPsk('known')), mixIn(externalPsk('known'))];
    expect(await settle(alice, all, { proposals: twice })).toEqual(twice);
  });

  it('with the Add of a member that it removes, in either order [R12.2-08]', async () => {
    for (const isRemovedFirst of [true, false]) {
      const all = await trio();
      const [alice, , carol] = all;
      const list = [removeOf(carol), addOf(joiner(carol.party))];
      expect(await settle(alice, all, { proposals: isRemovedFirst ? list : list.toReversed() })).toHaveLength(
        2,
      );
      expect(alice.group.state.tree.memberCount).toBe(3);
    }
  });

  it('or left, as the application wants: it sees what the commit does before it keeps it [R12.2-16]', async () => {
    const [alice, bob, carol] = await trio();
    const { message, staged } = await alice.group.commit({ proposals: [addOf(joiner(dave))], ...publicly });
    const before = snapshot(bob);
    const offered = await stage(bob, message);
    expect(offered.effects.added.map(({ leafNode }) => leafNode.credential)).toEqual([
      dave.identity.credential,
    ]);
    bob.group.drop(offered);
    expect(snapshot(bob)).toBe(before);
    alice.group.drop(staged);
    const members = await commitBy(alice, [alice, bob, carol]);
    expectAgreement(members);
    await expectConversation(members);
  });
});
