import { describe, expect, it } from '@jest/globals';

import type { CipherSuite } from '@canopy/crypto';

import { treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { LeafNodeSource, type LeafNode } from '../../src/tree/leaf-node.ts';
import { leftOf, rightOf, rootOf, toLeafIndex, toNodeIndex, type LeafIndex } from '../../src/tree/math.ts';
import { parentHash, verifyParentHashes } from '../../src/tree/parent-hash.ts';
import type { ParentNode } from '../../src/tree/parent-node.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { choices, empty, suite1 } from '../parties.ts';
import { afresh, arrayOf, changed, history, newLeaf, withPath, type Nodes } from '../tree/sample-trees.ts';
import {
  carriedHash,
  filtered,
  leavesOf,
  linksTo,
  parentsOf,
  resolution,
  slowParentHash,
} from '../tree/slow-tree.ts';

/*
 * Parent hashes (RFC 9420 §7.9): what a commit puts into the tree, and what of it a joiner believes.
 */

const verify = (nodes: Nodes, suite: CipherSuite = suite1): void =>
  verifyParentHashes(suite, treeFromNodes(nodes).root);
const mismatch: unknown = expect.objectContaining({
  name: 'MlsError',
  code: 'PARENT_HASH_MISMATCH',
  requirement: 'R7.9.2-03',
});

type ArrayNode = NonNullable<Nodes[number]>;

const leafWith = (hash?: Uint8Array, leafNode: LeafNode = newLeaf()): ArrayNode => ({
  nodeType: 1,
  leafNode:
    hash === undefined
      ? leafNode
      : { ...leafNode, source: { leafNodeSource: LeafNodeSource.commit, parentHash: hash } },
});

const freshParent = (hash = empty, unmerged: readonly number[] = []): ArrayNode => ({
  nodeType: 2,
  parentNode: {
    encryptionKey: suite1.hpke.generateKeyPair().publicKey,
    parentHash: hash,
    unmergedLeaves: unmerged.map(toLeafIndex),
  },
});

const [LEFT, ROOT, RIGHT] = [toNodeIndex(1), toNodeIndex(3), toNodeIndex(5)];

/** Four leaves, of which the first one's commit made the root; there is no parent between. */
function fourLeaves(more: { readonly unmerged?: readonly number[]; readonly leaf1?: ArrayNode } = {}): Nodes {
  const root = freshParent(empty, more.unmerged ?? [1]);
  const blank: Nodes = [
    leafWith(),
    undefined,
    more.leaf1 ?? leafWith(),
    root,
    leafWith(),
    undefined,
    leafWith(),
  ];
  return blank.with(0, leafWith(slowParentHash(blank, ROOT, RIGHT)));
}

/** Two leaves and two blanks in the left half of eight, of which the first one's commit made the root. */
const half = (...unmerged: readonly number[]): Nodes => {
  const top = freshParent(empty, unmerged);
  const [leaf, other] = [leafWith(), leafWith()];
  const none = undefined;
  const blank: Nodes = [leaf, none, other, none, none, none, none, top, leafWith()];
  return blank.with(
    0,
    leafWith(slowParentHash(arrayOf(treeFromNodes(blank)), toNodeIndex(7), toNodeIndex(11))),
  );
};

describe('a parent is linked to the leaf whose commit made it', () => {
  it('when all four conditions hold [R7.9.2-01]', () => {
    const nodes = fourLeaves();
    expect(linksTo(nodes, ROOT)).toEqual([0]);
    expect(() => verify(nodes)).not.toThrow();
  });

  it('not when the leaf stands elsewhere [R7.9.2-01]', () => {
    const node = freshParent();
    const apart: Nodes = [leafWith(), node, leafWith(), undefined, leafWith(), undefined, leafWith()];
    const links = [slowParentHash(apart, LEFT, toNodeIndex(0)), slowParentHash(apart, LEFT, toNodeIndex(2))];
    for (const [at, link] of links.entries()) {
      // Below the node it is a link, in the other half of the tree it is none.
      expect(() => verify(apart.with(at === 0 ? 2 : 0, leafWith(link)))).not.toThrow();
      expect(() => verify(apart.with(4, leafWith(link)))).toThrow(mismatch);
    }
  });

  it('not when its hash is another one [R7.9.2-01, R7.9-01]', () => {
    const nodes = fourLeaves();
    const good = carriedHash(nodes, 0) ?? empty;
    const other = slowParentHash(nodes, ROOT, LEFT);
    for (const hash of [good.with(31, (good[31] ?? 0) ^ 1), good.subarray(0, 31), empty, other]) {
      expect(() => verify(nodes.with(0, leafWith(hash)))).toThrow(mismatch);
    }
  });

  it('not when a node that stands between covers it [R7.9.2-01]', () => {
    const nodes = fourLeaves({ unmerged: [] }).with(LEFT, freshParent(Uint8Array.of(1)));
    // The node between has its own link, through the other leaf; the first leaf is in no resolution any more.
    const between = nodes.with(2, leafWith(slowParentHash(nodes, LEFT, toNodeIndex(0))));
    expect(linksTo(between, LEFT)).toEqual([2]);
    expect(() => verify(between)).toThrow(mismatch);
    const linked = nodes.with(LEFT, freshParent(slowParentHash(nodes, ROOT, RIGHT)));
    expect(() =>
      verify(linked.with(2, leafWith(slowParentHash(linked, LEFT, toNodeIndex(0))))),
    ).not.toThrow();
  });

  it.each([
    { what: 'does not list a leaf that was added later', unmerged: [] },
    { what: 'lists the leaf itself too', unmerged: [0, 1] },
    { what: 'lists the leaf itself only', unmerged: [0] },
  ])('not when the parent $what [R7.9.2-01]', ({ unmerged }) => {
    expect(() => verify(fourLeaves({ unmerged }))).toThrow(mismatch);
  });

  it('not when it lists a blank leaf in the place of one that was added later [R7.9.2-01]', () => {
    expect(() => verify(half(1))).not.toThrow();
    for (const wrong of [[2], [3], [1, 2], [2, 3]]) expect(() => verify(half(...wrong))).toThrow(mismatch);
  });

  it('not when it is the leaf of a KeyPackage or an Update [R7.9.2-02]', () => {
    const nodes = fourLeaves();
    const source = { leafNodeSource: LeafNodeSource.update };
    expect(() => verify(nodes.with(0, leafWith()))).toThrow(mismatch);
    expect(() => verify(nodes.with(0, leafWith(undefined, { ...newLeaf(), source })))).toThrow(mismatch);
  });

  it('not when nobody is below it [R7.9.2-03]', () => {
    const nodes: Nodes = [leafWith(), undefined, undefined, undefined, undefined, freshParent(), undefined];
    const lonely = [...nodes, undefined, leafWith()];
    expect(() => verify(lonely)).toThrow(mismatch);
    expect(() => verify(lonely.with(5, undefined))).not.toThrow();
  });

  it('once: a hash that fits on both sides is refused [R7.9.2-03]', () => {
    // No true hash function lets two links stand for one parent; one that always says the same does.
    const constant: CipherSuite = {
      ...suite1,
      hash: { ...suite1.hash, digest: () => new Uint8Array(suite1.hash.size) },
    };
    const committed = leafWith(new Uint8Array(suite1.hash.size));
    const one: Nodes = [committed, freshParent(), leafWith()];
    expect(() => verify(one, constant)).not.toThrow();
    const two = one.with(2, committed);
    expect(linksTo(two, LEFT, constant)).toEqual([0, 2]);
    expect(() => verify(two, constant)).toThrow(mismatch);
  });
});

const parentIn = (nodes: Nodes, index: number): ParentNode | undefined => {
  const node = nodes[index];
  return node?.nodeType === 2 ? node.parentNode : undefined;
};
const keyIn = (nodes: Nodes, index: number): Uint8Array | undefined => parentIn(nodes, index)?.encryptionKey;
const unmergedIn = (nodes: Nodes, index: number): readonly number[] | undefined =>
  parentIn(nodes, index)?.unmergedLeaves;

const pathsIn = (tree: RatchetTree): [sender: LeafIndex, before: Nodes, after: Nodes][] =>
  leavesOf(arrayOf(tree))
    .slice(0, 3)
    .map((sender) => [sender, arrayOf(tree), arrayOf(withPath(tree, sender))]);

describe('a commit', () => {
  const trees = [3, 4, 5, 6].flatMap((seed) => history(seed, 14));
  it('binds each node to the next one above that it keeps, the topmost to nothing [R7.5-02, R7.5-06, R7.9-01, R7.9-03, R7.9.1-01]', () => {
    let skipping = 0;
    for (const tree of trees) {
      for (const [sender, before, after] of pathsIn(tree)) {
        const path = filtered(before, sender);
        const chain = [2 * sender, ...path.map(([node]) => node)];
        for (const [at, index] of chain.entries()) {
          const above = path[at];
          const expected = above === undefined ? empty : slowParentHash(after, above[0], above[1]);
          expect(carriedHash(after, index)).toEqual(expected);
        }
        if (path.length < Math.log2(tree.leafCount)) skipping += 1;
      }
    }
    // There were blank nodes to be skipped.
    expect(skipping).toBeGreaterThan(3);
  });

  it('leaves new keys without unmerged leaves on its filtered path, blanks on the rest of it, all else as it was [R7.5-05, R7.4-03]', () => {
    for (const tree of trees) {
      for (const [sender, before, after] of pathsIn(tree)) {
        const path = new Set<number>(filtered(before, sender).map(([node]) => node));
        const direct = new Set<number>(tree.directPath(sender).map(({ index }) => index));
        const untouched = after.filter((_, index) => index !== 2 * sender && !direct.has(index));
        expect(untouched).toEqual(before.filter((_, index) => index !== 2 * sender && !direct.has(index)));
        for (const index of direct) {
          expect(after[index]?.nodeType).toBe(path.has(index) ? 2 : undefined);
          expect(unmergedIn(after, index)).toEqual(path.has(index) ? [] : undefined);
          if (path.has(index)) expect(keyIn(after, index)).not.toEqual(keyIn(before, index));
        }
      }
    }
  });

  it('has a leaf with an empty parent hash when its committer is alone [R7.5-02, R7.9-03]', () => {
    const alone = withPath(RatchetTree.ofOne(newLeaf()), toLeafIndex(0));
    expect(alone.findLeaf(0)?.source).toEqual({ leafNodeSource: LeafNodeSource.commit, parentHash: empty });
  });
});

/** A change of one field that a parent hash covers, or that a link depends on. */
function corrupted(nodes: Nodes, pick: (below: number) => number): Nodes {
  const parents = parentsOf(nodes);
  const index = parents[pick(parents.length)];
  const node = index === undefined ? undefined : nodes[index];
  if (index === undefined || node?.nodeType !== 2) return nodes;
  const { parentNode } = node;
  const leaves = leavesOf(nodes);
  const anyLeaf = leaves[pick(leaves.length)] ?? toLeafIndex(0);
  const without = parentNode.unmergedLeaves.filter((leaf) => leaf !== anyLeaf);
  const kinds: Nodes[] = [
    nodes.with(index, freshParent(parentNode.parentHash, parentNode.unmergedLeaves)),
    nodes.with(index, { nodeType: 2, parentNode: { ...parentNode, parentHash: suite1.random(32) } }),
    nodes.with(index, { nodeType: 2, parentNode: { ...parentNode, unmergedLeaves: without } }),
    nodes.with(2 * anyLeaf, leafWith()),
    nodes.with(index, undefined),
  ];
  return kinds[pick(kinds.length)] ?? nodes;
}

describe('a tree that random commits have made', () => {
  it('is judged as the definition judges it, whole and with one node changed [R7.9-02, R7.9.2-01, R7.9.2-03, R7.9.2-04]', () => {
    const pick = choices(77);
    const seen = { good: 0, bad: 0, unmergedOnCopath: 0 };
    for (const tree of [11, 12, 13, 14, 15, 16].flatMap((seed) => history(seed, 16))) {
      const whole = arrayOf(tree);
      for (const nodes of [whole, ...Array.from({ length: 4 }, () => corrupted(whole, pick))]) {
        const isGood = parentsOf(nodes).every((parent) => linksTo(nodes, parent).length === 1);
        seen[isGood ? 'good' : 'bad'] += 1;
        const judge = (): void => verifyParentHashes(suite1, treeFromNodes(trimmed(nodes)).root);
        if (isGood) expect(judge).not.toThrow();
        else expect(judge).toThrow(mismatch);
      }
      seen.unmergedOnCopath += parentsOf(whole).filter((parent) => hasUnmergedOnCopath(whole, parent)).length;
    }
    expect(seen.good).toBeGreaterThan(80);
    expect(seen.bad).toBeGreaterThan(80);
    // The original tree hash of a sibling differs from its present one there (§7.9).
    expect(seen.unmergedOnCopath).toBeGreaterThan(5);
  });

  it('stays valid when it is cut to a half whose root still carries a parent hash [R7.9-03, R7.9.2-04]', () => {
    const editor = RatchetTree.ofOne(newLeaf()).edit();
    for (let count = 0; count < 4; count++) editor.addLeaf(newLeaf());
    const committed = withPath(withPath(editor.finish(), toLeafIndex(4)), toLeafIndex(1));
    const cut = committed.edit();
    cut.removeLeaf(toLeafIndex(4));
    cut.truncate();
    const nodes = arrayOf(cut.finish());
    expect(carriedHash(nodes, rootOf(4))).toHaveLength(32);
    expect(() => verify(nodes)).not.toThrow();
  });

  it('stays valid while leaves come and go below commits that are not theirs [R7.9.2-04]', () => {
    const pick = choices(5);
    let tree = history(21, 10).at(-1);
    for (let round = 0; round < 20 && tree !== undefined; round++) {
      tree = changed(tree, pick);
      const { root } = afresh(tree);
      expect(() => verifyParentHashes(suite1, root)).not.toThrow();
    }
    expect(tree?.memberCount).toBeGreaterThan(1);
  });
});

function trimmed(nodes: Nodes): Nodes {
  return nodes.slice(0, nodes.findLastIndex((node) => node !== undefined) + 1);
}

function hasUnmergedOnCopath(nodes: Nodes, parent: ReturnType<typeof toNodeIndex>): boolean {
  const node = nodes[parent];
  const [link] = linksTo(nodes, parent);
  const [left, right] = [leftOf(parent), rightOf(parent)];
  if (node?.nodeType !== 2 || link === undefined || left === undefined || right === undefined) return false;
  const copath = link < parent ? right : left;
  const added = node.parentNode.unmergedLeaves.map((leaf) => 2 * leaf);
  return resolution(nodes, copath).some((index) => added.includes(index));
}

describe('a parent hash', () => {
  it('is the hash of key, parent hash and sibling hash, each with its length [R7.9-01]', () => {
    const node = { encryptionKey: Uint8Array.of(1, 2), parentHash: Uint8Array.of(3) };
    const sibling = new Uint8Array(70).fill(4);
    const input = Uint8Array.of(2, 1, 2, 1, 3, 0x40, 70, ...sibling);
    expect(parentHash(suite1, node, Buffer.from(sibling).toString('latin1'))).toEqual(
      suite1.hash.digest(input),
    );
  });
});
