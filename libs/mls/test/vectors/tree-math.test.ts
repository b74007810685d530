import { describe, expect, it } from '@jest/globals';

import { describeVectors, type VectorValue } from '@canopy/vectors';

import {
  leftOf,
  nodeCount,
  parentOf,
  rightOf,
  rootOf,
  siblingOf,
  toNodeIndex,
  type NodeIndex,
} from '../../src/tree/math.ts';

describeVectors('tree-math', { describe, it }, (cases) => {
  it.each(cases.map((one) => [one.get('n_leaves').number(), one] as const))(
    '%i leaves [R4.1-01] [R4.1-02]',
    (leaves, one) => {
      const nodes = one.get('n_nodes').number();
      expect(nodeCount(leaves)).toBe(nodes);
      expect(rootOf(leaves)).toBe(one.get('root').number());
      const relations: readonly [string, (node: NodeIndex) => NodeIndex | undefined][] = [
        ['left', leftOf],
        ['right', rightOf],
        ['parent', (node) => parentOf(node, leaves)],
        ['sibling', (node) => siblingOf(node, leaves)],
      ];
      for (const [name, relation] of relations) {
        const expected = one
          .get(name)
          .array()
          .map((value: VectorValue) => value.optional()?.number());
        const found = Array.from({ length: nodes }, (_, index) => relation(toNodeIndex(index)));
        expect(found).toEqual(expected);
      }
    },
  );
});
