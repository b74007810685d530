import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import type { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import {
  addOf,
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
  type Joiner,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import {
  byValue,
  expectNotCommitted,
  expectNotProposed,
  forgeProposal,
  listing,
  removeLeaf,
  spread,
} from './12.1-proposals.ts';

/** The names of the members in their places, `-` for a blank one: toEqual would pass over undefined at the end. */
function places({ group }: Peer): string[] {
  const { tree } = group.state;
  return Array.from({ length: tree.leafCount }, (_, at) => {
    const leaf = tree.findLeaf(at);
    return leaf === undefined ? '-' : nameIn(leaf);
  });
}

/** Of each node above a leaf, from below: the unmerged leaves, or that it is blank. */
function unmergedAbove(tree: RatchetTree, leaf: number): (readonly number[] | 'blank')[] {
  return tree.directPath(toLeafIndex(leaf)).map(({ node }) => node?.unmergedLeaves ?? 'blank');
}

function members(peers: readonly Peer[], ...at: readonly number[]): readonly Peer[] {
  return at.map((index) => {
    const peer = peers[index];
    if (peer === undefined) throw new Error('a member expected');
    return peer;
  });
}

const newcomers = (...names: readonly string[]): Joiner[] => names.map((name) => joiner(party(name)));

describe('Adds', () => {
  it('fill holes from the left and then go on, in the order of the list [R12.1.1-02, R12.3-01]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f']);
    const [a, c, e] = members(peers, 0, 2, 4);
    if (a === undefined || c === undefined || e === undefined) throw new Error('six expected');
    const four = await commitBy(a, peers, { proposals: [removeOf(c), removeOf(e)] });
    const three = newcomers('x', 'y', 'z');
    const seven = await commitBy(a, four, {}, three);
    expectAgreement(seven);
    expect(places(a)).toEqual(['a', 'b', 'x', 'd', 'y', 'f', 'z', '-']);
    const nine = await commitBy(a, seven, {}, newcomers('v', 'w'));
    expectAgreement(nine);
    expect(places(a).slice(7, 10)).toEqual(['v', 'w', '-']);
    expect(places(a)).toHaveLength(16);
    await expectConversation(nine);
  });

  it('by reference come before those by value when the commit lists them so [R12.1.1-02]', async () => {
    const peers = await groupOf(['a', 'b', 'c']);
    const [a, b] = members(peers, 0, 1);
    if (a === undefined || b === undefined) throw new Error('three expected');
    const [x, y, z] = newcomers('x', 'y', 'z');
    if (x === undefined || y === undefined || z === undefined) throw new Error('three expected');
    await spread(b, peers, addOf(y), addOf(x));
    const { message, welcome, staged } = await a.group.commit({ proposals: [addOf(z)] });
    for (const peer of peers) if (peer !== a) await follow(peer, message);
    a.group.keep(staged);
    expect(places(a).slice(0, 6)).toEqual(['a', 'b', 'c', 'y', 'x', 'z']);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const all = [...peers];
    for (const one of [x, y, z]) all.push(await join(one, { wireFormat: 3, welcome }));
    expectAgreement(all);
  });

  it('are noted as unmerged in the nodes above that are not blank, sorted [R12.1.1-03]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const [a, b, h] = members(peers, 0, 1, 7);
    if (a === undefined || b === undefined || h === undefined) throw new Error('eight expected');
    for (const peer of [a, ...members(peers, 2, 4, 6)]) await commitBy(peer, peers);
    // Leaves 1 and 3 become holes: the nodes above them are blank until a goes its path again.
    const six = await commitBy(a, peers, { proposals: [removeLeaf(1), removeLeaf(3)] });
    const [x, y] = newcomers('x', 'y');
    if (x === undefined || y === undefined) throw new Error('two expected');
    const eight = await commitBy(a, six, {}, [x, y]);
    expectAgreement(eight);
    const { tree } = a.group.state;
    // Above leaf 1: its parent is filtered out of the path of a and blank, the two above it are a's.
    expect(unmergedAbove(tree, 1)).toEqual(['blank', [1, 3], [1, 3]]);
    expect(unmergedAbove(tree, 3)).toEqual(['blank', [1, 3], [1, 3]]);
    expect(unmergedAbove(tree, 0)).toEqual(['blank', [1, 3], [1, 3]]);
    await expectConversation(eight);
  });

  it('put the leaf of the KeyPackage into the tree as it is, signature and all [R12.1.1-04]', async () => {
    const peers = await groupOf(['a', 'b', 'c']);
    const [a] = members(peers, 0);
    const [x] = newcomers('x');
    if (a === undefined || x === undefined) throw new Error('a member expected');
    const all = await commitBy(a, peers, { forcePath: true }, [x]);
    const offered = encode(LeafNode, x.keyPackage.keyPackage.leafNode);
    for (const { group } of all) {
      const leaf = group.state.tree.findLeaf(3);
      if (leaf === undefined) throw new Error('a leaf expected');
      expect(encode(LeafNode, leaf)).toEqual(offered);
    }
  });
});

describe('Removes', () => {
  it.each([
    ['a blank leaf', 3],
    ['a leaf beside the tree', 4],
    ['the last leaf that there can be', 0xffff_ffff],
  ])(
    'of %s are refused by sender and receivers, alone and in a commit [R12.1.3-01, R12.2-02]',
    async (_what, leaf) => {
      const [alice, bob, carol] = await acquainted();
      const remove = removeLeaf(leaf);
      await expectNotProposed(alice, remove, 'UNKNOWN_LEAF', 'R12.1.3-01');
      await expectNotCommitted(alice, { proposals: [remove] }, 'UNKNOWN_LEAF', 'R12.1.3-01');
      await expectRefused(bob, forgeProposal(alice, remove), 'UNKNOWN_LEAF', 'R12.1.3-01');
      expect(bob.group.state.proposals).toEqual([]);
      await expectRefused(bob, await listing(alice, byValue(remove)), 'UNKNOWN_LEAF', 'R12.1.3-01');
      await expectGoesOn(alice, [alice, bob, carol]);
    },
  );

  it('blank the leaf and all nodes above, and cut off what is empty on the right [R12.1.3-02]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const [a, c, h] = members(peers, 0, 2, 7);
    if (a === undefined || c === undefined || h === undefined) throw new Error('eight expected');
    for (const peer of peers) await commitBy(peer, peers);
    const seven = await commitBy(h, peers, { proposals: [removeOf(c)] });
    expectAgreement(seven);
    const { tree } = a.group.state;
    expect(tree.findLeaf(2)).toBeUndefined();
    // Only the root is set again, by the committer on the other side.
    expect(unmergedAbove(tree, 2).map((unmerged) => unmerged === 'blank')).toEqual([true, true, false]);
    const three = await commitBy(a, seven, { proposals: [4, 5, 6, 7].map(removeLeaf) });
    expectAgreement(three);
    expect(places(a)).toEqual(['a', 'b', '-', 'd']);
    const two = await commitBy(a, three, { proposals: [removeLeaf(3)] });
    expectAgreement(two);
    expect(places(a)).toEqual(['a', 'b']);
    await expectConversation(two);
  });

  it('of an unmerged leaf leave no trace of it in the lists of unmerged leaves [R12.1.3-03]', async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const [a, h] = members(peers, 0, 7);
    if (a === undefined || h === undefined) throw new Error('eight expected');
    const six = await commitBy(a, peers, { proposals: [removeLeaf(1), removeLeaf(3)] });
    const eight = await commitBy(a, six, {}, newcomers('x', 'y'));
    expect(unmergedAbove(a.group.state.tree, 3)).toEqual(['blank', [1, 3], [1, 3]]);
    const seven = await commitBy(h, eight, { proposals: [removeLeaf(3)] });
    expectAgreement(seven);
    const { tree } = a.group.state;
    expect(unmergedAbove(tree, 1)).toEqual(['blank', 'blank', []]);
    const everywhere = [0, 2, 4, 6].flatMap((leaf) => unmergedAbove(tree, leaf));
    expect(everywhere.filter((list) => list !== 'blank').flat()).toEqual([]);
    await expectConversation(seven);
  });
});
