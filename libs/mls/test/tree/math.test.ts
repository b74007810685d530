import { describe, expect, it } from '@jest/globals';

import {
  commonAncestor,
  fullLeafCount,
  isLeaf,
  isLeafBelow,
  leafOfNode,
  leavesBelow,
  leftOf,
  levelOf,
  nodeCount,
  nodeOfLeaf,
  parentOf,
  rightOf,
  rootOf,
  siblingOf,
  toLeafIndex,
  toNodeIndex,
} from '../../src/tree/math.ts';

/** A tree that is drawn, not calculated: its nodes are numbered from left to right while it is built. */
interface Drawn {
  readonly index: number;
  readonly level: number;
  readonly left: Drawn | undefined;
  readonly right: Drawn | undefined;
  readonly leaves: readonly number[];
}

function draw(level: number, count: { nodes: number; leaves: number }): Drawn {
  if (level === 0) {
    return { index: count.nodes++, level, left: undefined, right: undefined, leaves: [count.leaves++] };
  }
  const left = draw(level - 1, count);
  const index = count.nodes++;
  const right = draw(level - 1, count);
  return { index, level, left, right, leaves: [...left.leaves, ...right.leaves] };
}

function* nodesOf(tree: Drawn, parent?: Drawn): Generator<readonly [Drawn, Drawn | undefined]> {
  yield [tree, parent];
  if (tree.left !== undefined) yield* nodesOf(tree.left, tree);
  if (tree.right !== undefined) yield* nodesOf(tree.right, tree);
}

const sizes = [0, 1, 2, 3, 4, 5, 6].map((depth) => ({ leafCount: 2 ** depth, depth }));

describe.each(sizes)('the arithmetic of a tree with $leafCount leaves', ({ leafCount, depth }) => {
  const root = draw(depth, { nodes: 0, leaves: 0 });
  const all = [...nodesOf(root)];

  it('agrees with a drawn tree about children, parents and siblings [R4.1-01, R4.1-02]', () => {
    expect(rootOf(leafCount)).toBe(root.index);
    expect(nodeCount(leafCount)).toBe(all.length);
    for (const [node, parent] of all) {
      const index = toNodeIndex(node.index);
      expect(levelOf(index)).toBe(node.level);
      expect(isLeaf(index)).toBe(node.level === 0);
      expect(leftOf(index)).toBe(node.left?.index);
      expect(rightOf(index)).toBe(node.right?.index);
      expect(parentOf(index, leafCount)).toBe(parent?.index);
      const sibling = parent?.left === node ? parent.right : parent?.left;
      expect(siblingOf(index, leafCount)).toBe(sibling?.index);
    }
  });

  it('agrees with a drawn tree about the leaves below a node', () => {
    for (const [node] of all) {
      const index = toNodeIndex(node.index);
      expect(leavesBelow(index)).toEqual({ first: node.leaves[0], last: node.leaves.at(-1) });
      for (let leaf = 0; leaf < leafCount; leaf++) {
        expect(isLeafBelow(toLeafIndex(leaf), index)).toBe(node.leaves.includes(leaf));
      }
      if (node.level === 0) {
        const leaf = toLeafIndex(node.leaves[0] ?? -1);
        expect(nodeOfLeaf(leaf)).toBe(node.index);
        expect(leafOfNode(index)).toBe(leaf);
      }
    }
  });

  it('agrees with a drawn tree about common ancestors', () => {
    for (let a = 0; a < leafCount; a++) {
      for (let b = 0; b < leafCount; b++) {
        const above = all
          .map(([node]) => node)
          .filter(({ leaves }) => leaves.includes(a) && leaves.includes(b));
        const lowest = above.reduce((best, node) => (node.level < best.level ? node : best));
        expect(commonAncestor(toLeafIndex(a), toLeafIndex(b))).toBe(lowest.index);
      }
    }
  });
});

describe('the size of a tree', () => {
  it('is the next power of two', () => {
    expect([1, 2, 3, 4, 5, 8, 9, 1000].map(fullLeafCount)).toEqual([1, 2, 4, 4, 8, 8, 16, 1024]);
  });
});
