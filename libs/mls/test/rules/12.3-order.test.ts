import { describe, expect, it } from '@jest/globals';

import type { ProposalOrRef } from '../../src/commits/commit.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { commitIn } from '../forge.ts';
import {
  addOf,
  announce,
  choices,
  commitBy,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  join,
  joiner,
  nameIn,
  party,
  removeOf,
  stage,
  trio,
  type Joiner,
  type Peer,
} from '../parties.ts';
import { hex } from '../suites.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import {
  byValue,
  confirmedCommit,
  demanding,
  expectNotCommitted,
  externalPsk,
  knownPsks,
  listing,
  mixIn,
  publicly,
  removeLeaf,
  replaceExtensions,
  spread,
} from './12.1-proposals.ts';

const able = { options: { psks: knownPsks }, capabilities: { extensions: [0xf001] } };
const demand = replaceExtensions(demanding({ extensionTypes: [0xf001] }));

/** Five members; an Update and a Remove are proposed, and a newcomer waits. */
async function prepared(): Promise<{ readonly peers: readonly Peer[]; readonly newcomer: Joiner }> {
  const peers = await groupOf(['a', 'b', 'c', 'd', 'e'], able);
  const [, b, c] = peers;
  if (b === undefined || c === undefined) throw new Error('five expected');
  const update = await c.group.proposeUpdate(publicly);
  await announce(update, ...peers.filter((peer) => peer !== c));
  await spread(b, peers, removeLeaf(3));
  return { peers, newcomer: joiner(party('x', able)) };
}

const wishes = (newcomer: Joiner): readonly Proposal[] => [
  mixIn(externalPsk('known 1')),
  addOf(newcomer),
  mixIn(externalPsk('known 2')),
  demand,
];

/** The same entries in another order. */
function shuffled(
  entries: readonly ProposalOrRef[],
  pick: (below: number) => number,
): readonly ProposalOrRef[] {
  const left = [...entries];
  const mixed: ProposalOrRef[] = [];
  while (left.length > 0) mixed.push(...left.splice(pick(left.length), 1));
  return mixed;
}

const placesOf = ({ group }: Peer): readonly string[] =>
  Array.from(group.members(), ({ leafIndex, leafNode }) => `${leafIndex} ${nameIn(leafNode)}`);

describe('the proposals of a commit', () => {
  it('have one outcome, in whatever order and form they stand in it [R12.3-01]', async () => {
    const { peers, newcomer } = await prepared();
    const [a, b, c, , e] = peers;
    if (a === undefined || b === undefined || c === undefined || e === undefined) throw new Error('five');
    const { message, staged } = await a.group.commit({ proposals: wishes(newcomer), ...publicly });
    const { treeHash, extensions } = staged.state.groupContext;
    const commit = commitIn(message);
    expect(commit.proposals.map(({ type }) => type)).toEqual([2, 2, 1, 1, 1, 1]);
    const pick = choices(12);
    const orders = [
      commit.proposals.toReversed(),
      ...Array.from({ length: 12 }, () => shuffled(commit.proposals, pick)),
    ];
    for (const proposals of orders) {
      const reordered = await confirmedCommit(a, { ...commit, proposals }, e);
      for (const peer of [b, c]) {
        const other = await stage(peer, reordered);
        expect(hex(other.state.groupContext.treeHash)).toBe(hex(treeHash));
        expect(other.state.groupContext.extensions).toEqual(extensions);
        expect(other.effects.added.map(({ leafIndex }) => leafIndex)).toEqual([3]);
        expect(other.effects.removed.map(({ leafIndex }) => leafIndex)).toEqual([3]);
        expect(other.effects.updated.map(({ leafIndex }) => leafIndex)).toEqual([2]);
        peer.group.drop(other);
      }
    }
    a.group.drop(staged);
  });

  it('are given in any order by the committer too, and all end up in one group [R12.3-01, R12.3-03]', async () => {
    for (const isReversed of [false, true]) {
      const { peers, newcomer } = await prepared();
      const [a, b, c, d, e] = peers;
      if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) {
        throw new Error('five expected');
      }
      const proposals = isReversed ? wishes(newcomer).toReversed() : wishes(newcomer);
      const { message, welcome, staged } = await a.group.commit({ proposals });
      for (const peer of [b, c, e]) await follow(peer, message);
      expect((await follow(d, message)).effects.selfRemoved).toBe(true);
      a.group.keep(staged);
      if (welcome === undefined) throw new Error('a Welcome expected');
      const x = await join(newcomer, { wireFormat: 3, welcome });
      const all = [a, b, c, x, e];
      expectAgreement(all);
      expect(placesOf(x)).toEqual(['0 a', '1 b', '2 c', '3 x', '4 e']);
      await expectConversation(all);
    }
  });

  it('put Adds into places that the same commit frees, the leftmost first [R12.3-03]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const [a, , c, , e] = peers;
    if (a === undefined || c === undefined || e === undefined) throw new Error('seven expected');
    const newcomers = ['x', 'y', 'z'].map((name) => joiner(party(name)));
    const adds = newcomers.map(addOf);
    const [first, second, third] = adds;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three expected');
    const proposals = [first, removeOf(e), second, removeOf(c), third];
    const { message, welcome, staged } = await a.group.commit({ proposals });
    const stay = peers.filter((peer) => peer !== a && peer !== c && peer !== e);
    for (const peer of stay) await follow(peer, message);
    a.group.keep(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const all = [a, ...stay];
    for (const newcomer of newcomers) all.push(await join(newcomer, { wireFormat: 3, welcome }));
    expectAgreement(all);
    expect(placesOf(a)).toEqual(['0 a', '1 b', '2 x', '3 d', '4 y', '5 f', '6 g', '7 z']);
    await expectConversation(all);
  });

  it('take the key of a removed member, or its place, with one commit [R12.3-03, R12.2-08]', async () => {
    const all = await trio();
    const [alice, bob] = all;
    const again = joiner(bob.party);
    const members = await commitBy(alice, all, { proposals: [removeOf(bob)] }, [again]);
    expect(placesOf(alice)).toEqual(['0 alice', '1 bob', '2 carol']);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('are judged by the extensions that stand beside them, wherever in the list [R12.3-02] (S8)', async () => {
    const all = await acquainted(able);
    const [alice, bob] = all;
    const plain = addOf(joiner(party('dave')));
    for (const proposals of [
      [demand, plain],
      [plain, demand],
    ]) {
      await expectNotCommitted(alice, { proposals }, 'UNSUPPORTED_CAPABILITY', 'R7.3-04');
      const forged = await listing(alice, ...proposals.map(byValue));
      await expectRefused(bob, forged, 'UNSUPPORTED_CAPABILITY', 'R7.3-04');
    }
    await expectGoesOn(alice, all);
    // The demand may also go with the commit: what the group asked for until then does not count.
    await commitBy(alice, all, { proposals: [demand] });
    await expectNotCommitted(alice, { proposals: [plain] }, 'UNSUPPORTED_CAPABILITY', 'R7.3-04');
    const dave = joiner(party('dave'));
    const four = await commitBy(alice, all, { proposals: [replaceExtensions()] }, [dave]);
    expectAgreement(four);
  });
});
