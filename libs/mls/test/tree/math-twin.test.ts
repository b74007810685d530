import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import {
  commonAncestor,
  isLeaf,
  isLeafBelow,
  leafOfNode,
  leavesBelow,
  leftOf,
  levelOf,
  nodeOfLeaf,
  parentOf,
  rightOf,
  rootOf,
  siblingOf,
  toLeafIndex,
  toNodeIndex,
} from '../../src/tree/math.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { newLeaf } from './sample-trees.ts';
import * as slow from './slow-math.ts';

const MOST_LEAVES = 2 ** 30;
const big = (index: bigint | undefined): number | undefined =>
  index === undefined ? undefined : Number(index);

/** Compares all that is said of a node, apart from its tree. */
function expectSameNode(index: number): void {
  const [node, exact] = [toNodeIndex(index), BigInt(index)];
  const height = slow.level(exact);
  const reach = (1n << height) - 1n;
  const said = [levelOf(node), isLeaf(node), leftOf(node), rightOf(node), leavesBelow(node)];
  expect(said).toEqual([
    Number(height),
    height === 0n,
    big(slow.left(exact)),
    big(slow.right(exact)),
    { first: Number((exact - reach) / 2n), last: Number((exact + reach) / 2n) },
  ]);
  if (height === 0n) expect(nodeOfLeaf(leafOfNode(node))).toBe(index);
}

/** Compares what is said of a node in a tree. */
function expectSamePlace(index: number, leafCount: number): void {
  const [node, exact, leaves] = [toNodeIndex(index), BigInt(index), BigInt(leafCount)];
  expect([parentOf(node, leafCount), siblingOf(node, leafCount)]).toEqual([
    big(slow.parent(exact, leaves)),
    big(slow.sibling(exact, leaves)),
  ]);
}

/** Trees of up to 2^30 leaves. */
const leafCounts = fc.integer({ min: 0, max: 30 }).map((depth) => 2 ** depth);
const placed = leafCounts.chain((leafCount) =>
  fc.record({ leafCount: fc.constant(leafCount), index: fc.nat({ max: 2 * leafCount - 2 }) }),
);
const pairs = leafCounts.chain((leafCount) =>
  fc.record({
    leafCount: fc.constant(leafCount),
    a: fc.nat({ max: leafCount - 1 }),
    b: fc.nat({ max: leafCount - 1 }),
  }),
);

describe('the index arithmetic is that of Appendix C', () => {
  it('for all nodes of all trees of up to 4096 leaves [R4.1-01, R4.1-02]', () => {
    for (let index = 0; index < 2 * 4096 - 1; index++) expectSameNode(index);
    for (let leafCount = 1; leafCount <= 4096; leafCount *= 2) {
      expect(rootOf(leafCount)).toBe(Number(slow.root(BigInt(leafCount))));
      for (let index = 0; index < 2 * leafCount - 1; index++) expectSamePlace(index, leafCount);
    }
  });

  it('for nodes of trees of up to 2^30 leaves', () => {
    fc.assert(
      fc.property(placed, ({ leafCount, index }) => {
        expectSameNode(index);
        expectSamePlace(index, leafCount);
        expect(rootOf(leafCount)).toBe(Number(slow.root(BigInt(leafCount))));
      }),
      { numRuns: 2000 },
    );
  });

  it('for the first, the last and the highest nodes of the largest of these trees', () => {
    const last = 2 * MOST_LEAVES - 2;
    for (const index of [0, 1, last, last - 1, MOST_LEAVES - 1, MOST_LEAVES, MOST_LEAVES / 2 - 1]) {
      expectSameNode(index);
      expectSamePlace(index, MOST_LEAVES);
    }
  });

  it('for common ancestors of two leaves', () => {
    fc.assert(
      fc.property(pairs, ({ leafCount, a, b }) => {
        const expected = Number(slow.commonAncestor(BigInt(a), BigInt(b), BigInt(leafCount)));
        expect(commonAncestor(toLeafIndex(a), toLeafIndex(b))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a leaf index that no tree has a place for', () => {
  // A leaf's node index is twice as large: in 32 bits 2^31 + k would be the node of leaf k.
  const hostile = fc.oneof(
    fc.integer({ min: MOST_LEAVES, max: 2 ** 32 - 1 }),
    fc.nat({ max: 5000 }).map((leaf) => 2 ** 31 + leaf),
    fc.constantFrom(2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
  );

  it('is below no node of a tree', () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 2 ** 30 - 2 }), (leaf, node) => {
        expect(isLeafBelow(toLeafIndex(leaf), toNodeIndex(node))).toBe(false);
        expect(nodeOfLeaf(toLeafIndex(leaf))).toBe(Number(2n * BigInt(leaf)));
      }),
      { numRuns: 500 },
    );
  });

  it('finds no leaf in a tree, and changes none', () => {
    const editor = RatchetTree.ofOne(newLeaf()).edit();
    for (let count = 1; count < 8; count++) editor.addLeaf(newLeaf());
    const tree = editor.finish();
    fc.assert(
      fc.property(hostile, (leaf) => {
        expect(tree.findLeaf(leaf)).toBeUndefined();
        const change = tree.edit();
        const outside = expect.objectContaining({ name: 'InternalError' });
        expect(() => change.removeLeaf(toLeafIndex(leaf))).toThrow(outside);
        expect(() => change.updateLeaf(toLeafIndex(leaf), newLeaf())).toThrow(outside);
      }),
    );
  });
});
