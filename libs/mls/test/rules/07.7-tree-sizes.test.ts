import { describe, expect, it } from '@jest/globals';

import { nodesOfTree } from '../../src/extensions/ratchet-tree.ts';
import { rootOf, toLeafIndex, toNodeIndex } from '../../src/tree/math.ts';
import { verifyParentHashes } from '../../src/tree/parent-hash.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { resolutionOf } from '../../src/tree/slot.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import {
  commitBy,
  expectAgreement,
  expectConversation,
  groupOf,
  joiner,
  party,
  removeOf,
  suite1,
  type Peer,
} from '../parties.ts';
import { afresh, arrayOf, bytesOf, newLeaf, withPath, type Nodes } from '../tree/sample-trees.ts';
import { leavesOf, linksTo, parentsOf, resolution, slowHash } from '../tree/slow-tree.ts';

/*
 * Trees of many sizes, with holes, growing and shrinking (RFC 9420 §7.7), each held against the plain array form.
 */

const sizes = [1, 2, 3, 5, 8, 9, 16, 17, 33];

function treeOf(leaves: number): RatchetTree {
  const editor = RatchetTree.ofOne(newLeaf()).edit();
  for (let count = 1; count < leaves; count++) editor.addLeaf(newLeaf());
  return editor.finish();
}

function without(tree: RatchetTree, leaves: readonly number[]): RatchetTree {
  const editor = tree.edit();
  for (const leaf of leaves) editor.removeLeaf(toLeafIndex(leaf));
  editor.truncate();
  return editor.finish();
}

/** Removal and truncation on the array, as §12.1.3 and §7.7 tell it. */
function cut(nodes: Nodes, leaves: readonly number[]): Nodes {
  let result = nodes.map((node, index) => {
    const reach = rootReach(index);
    const isAbove = leaves.some((leaf) => 2 * leaf >= index - reach && 2 * leaf <= index + reach);
    return isAbove ? undefined : node;
  });
  const last = (): number => result.findLastIndex((node, index) => index % 2 === 0 && node !== undefined);
  while (result.length > 1 && last() < (result.length - 1) / 2)
    result = result.slice(0, (result.length - 1) / 2);
  return result;
}

/** How many places a node's subtree reaches to either side. */
function rootReach(index: number): number {
  let level = 0;
  while (Math.floor(index / 2 ** level) % 2 === 1) level += 1;
  return 2 ** level - 1;
}

/** Requires that a tree is what the plain computations say, also when it is made anew from its bytes. */
function expectSound(tree: RatchetTree): void {
  const nodes = arrayOf(tree);
  expect(nodes).toHaveLength(2 * tree.leafCount - 1);
  expect(Math.log2(tree.leafCount) % 1).toBe(0);
  const again = afresh(tree);
  expect(bytesOf(again)).toEqual(bytesOf(tree));
  expect(again.leafCount).toBe(tree.leafCount);
  for (const index of [...nodes.keys()].map(toNodeIndex)) {
    expect(resolutionOf(tree.slot(index)).map((slot) => slot.index)).toEqual(resolution(nodes, index));
  }
  expect(treeHash(suite1, tree.root)).toEqual(slowHash(nodes, rootOf(tree.leafCount)));
  expect(treeHash(suite1, again.root)).toEqual(treeHash(suite1, tree.root));
  expect(() => verifyParentHashes(suite1, again.root)).not.toThrow();
  expect(parentsOf(nodes).filter((parent) => linksTo(nodes, parent).length !== 1)).toEqual([]);
}

describe('a tree grows', () => {
  it.each([1, 2, 4, 8, 16, 32])(
    'from %i full leaves to twice as many, what was there stays [R7.7-01]',
    (full) => {
      const before = withPath(treeOf(full), toLeafIndex(full - 1));
      const nodes = arrayOf(before);
      const editor = before.edit();
      expect(editor.addLeaf(newLeaf())).toBe(full);
      const after = editor.finish();
      const grown = arrayOf(after);
      expect(grown).toHaveLength(2 * nodes.length + 1);
      expect(grown.slice(0, nodes.length)).toEqual(nodes);
      const added = grown.slice(nodes.length);
      // The root and the right half are blank, but for the new leaf at its left end.
      expect(added.flatMap((node, at) => (node === undefined ? [] : [at]))).toEqual([1]);
      expectSound(after);
    },
  );

  it.each(sizes)('to %i leaves and no wider than needed [R7.7-01, R7.8-03]', (size) => {
    const tree = treeOf(size);
    expect(tree.leafCount).toBe(2 ** Math.ceil(Math.log2(size)));
    expect(tree.memberCount).toBe(size);
    expectSound(tree);
    expectSound(withPath(tree, toLeafIndex(Math.floor(size / 2))));
  });
});

const kept = (size: number, keep: (leaf: number) => boolean): number[] =>
  Array.from({ length: size }, (_, leaf) => leaf).filter((leaf) => !keep(leaf));

describe('a tree shrinks', () => {
  it.each(sizes)('from %i leaves to one when only the first is left [R7.7-02, R7.7-03]', (size) => {
    // With a key in every node that can have one, the root too.
    const full = treeOf(size);
    const tree = Array.from({ length: size }, (_, leaf) => toLeafIndex(leaf)).reduce(withPath, full);
    const removed = kept(size, (leaf) => leaf === 0);
    const left = without(tree, removed);
    expect(left.leafCount).toBe(1);
    expect(nodesOfTree(left)).toEqual([nodesOfTree(tree)[0]]);
    expectSound(left);
    // One after the other, from the right and from the left: the same in the end.
    for (const order of [removed.toReversed(), removed]) {
      let step = tree;
      for (const leaf of order) {
        const expected = cut(arrayOf(step), [leaf]);
        step = without(step, [leaf]);
        expect(arrayOf(step)).toEqual(expected);
      }
      expect(bytesOf(step)).toEqual(bytesOf(left));
    }
  });

  it.each([
    { of: 33, to: 1, holes: 'all but the first' },
    { of: 33, to: 8, holes: 'all from 5 on' },
    { of: 33, to: 32, holes: 'the last' },
    { of: 17, to: 4, holes: 'all from 3 on' },
    { of: 16, to: 8, holes: 'all from 8 on' },
    { of: 9, to: 2, holes: 'all from 2 on' },
  ])(
    'from $of leaves to $to at once, over several levels, when $holes go [R7.7-02, R7.7-03]',
    ({ of, to }) => {
      const tree = withPath(withPath(treeOf(of), toLeafIndex(0)), toLeafIndex(of - 1));
      const last = to === 1 ? 0 : to / 2;
      const removed = kept(of, (leaf) => leaf <= last);
      const left = without(tree, removed);
      expect(left.leafCount).toBe(to);
      expect(arrayOf(left)).toEqual(cut(arrayOf(tree), removed));
      expectSound(left);
    },
  );

  it('not while somebody is in its right half, however empty the rest is [R7.7-02]', () => {
    for (const size of [2, 9, 17, 33]) {
      const left = without(
        treeOf(size),
        kept(size, (leaf) => leaf === size - 1),
      );
      expect(left.leafCount).toBe(treeOf(size).leafCount);
      expect(leavesOf(arrayOf(left))).toEqual([size - 1]);
      expectSound(left);
    }
  });

  it('though its root has a key: that goes too [R7.7-02]', () => {
    const tree = withPath(treeOf(3), toLeafIndex(0));
    expect(arrayOf(tree)[3]).toBeDefined();
    const left = without(tree, [2]);
    expect(arrayOf(left)).toEqual(arrayOf(tree).slice(0, 3));
    expectSound(left);
  });
});

describe('a tree with holes', () => {
  it.each(sizes.filter((size) => size > 2))(
    'of %i leaves, every third one gone, is sound [R7.7-02, R7.8-02, R7.8-03]',
    (size) => {
      const whole = [0, size - 1].map(toLeafIndex).reduce(withPath, treeOf(size));
      const holes = Array.from({ length: size }, (_, leaf) => leaf).filter((leaf) => leaf % 3 === 1);
      const tree = without(whole, holes);
      expectSound(tree);
      const members = leavesOf(arrayOf(tree));
      const [first] = members;
      const last = members.at(-1);
      if (first === undefined || last === undefined) throw new Error('members expected');
      expectSound([last, first].reduce(withPath, tree));
      const editor = tree.edit();
      expect(editor.addLeaf(newLeaf())).toBe(1);
      expectSound(editor.finish());
    },
  );
});

describe('a group', () => {
  it.each(sizes)(
    'of %i members loses every third one, fills a hole, shrinks to one and grows again [R7.7-01, R7.7-02, R7.7-03]',
    async (size) => {
      const peers = await groupOf(Array.from({ length: size }, (_, at) => `member ${at}`));
      const [first] = peers;
      if (first === undefined) throw new Error('somebody expected');
      const gone = peers.filter((_, at) => at % 3 === 1);
      const left = await commitBy(first, peers, { proposals: gone.map(removeOf), forcePath: true });
      expectAgreement(left);
      const last = left.at(-1) ?? first;
      const more = await commitBy(last, left, {}, [joiner(party('filler'))]);
      expectAgreement(more);
      const others = more.filter((peer) => peer !== first);
      const alone: Peer[] = await commitBy(first, more, { proposals: others.map(removeOf), forcePath: true });
      expect(alone).toEqual([first]);
      expect(first.group.state.tree.leafCount).toBe(1);
      expectSound(first.group.state.tree);
      const two = await commitBy(first, alone, {}, [joiner(party('again'))]);
      expectAgreement(two);
      await expectConversation(two);
    },
  );
});
