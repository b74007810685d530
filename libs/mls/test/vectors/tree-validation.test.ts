import { describe, expect, it } from '@jest/globals';

import { decode } from '@canopy/codec';
import { describeVectors } from '@canopy/vectors';

import { RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { verifyLeafNode } from '../../src/tree/leaf-node.ts';
import { toNodeIndex } from '../../src/tree/math.ts';
import { verifyParentHashes } from '../../src/tree/parent-hash.ts';
import { resolutionOf } from '../../src/tree/slot.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import { hex, suiteOf, titled } from '../suites.ts';

describeVectors('tree-validation', { describe, it }, (cases) => {
  it.each(titled(cases))(
    '%s [R4.1.1-01] [R4.1.1-02] [R7.8-01] [R7.8-02] [R7.8-03] [R7.9-01] [R7.9-02] [R7.9-03] [R7.9.1-01]',
    (_title, one) => {
      const suite = suiteOf(one);
      const tree = treeFromNodes(decode(RatchetTreeNodes, one.get('tree').bytes()));
      const hashes = one.get('tree_hashes').array();
      const resolutions = one.get('resolutions').array();
      expect(hashes.length).toBe(2 * tree.leafCount - 1);
      for (const [index, hash] of hashes.entries()) {
        const slot = tree.slot(toNodeIndex(index));
        expect(hex(treeHash(suite, slot))).toBe(hash.text());
        const expected = resolutions[index]?.array().map((value) => value.number());
        expect(resolutionOf(slot).map((node) => node.index)).toEqual(expected);
      }
      expect(() => verifyParentHashes(suite, tree.root)).not.toThrow();
      const groupId = one.get('group_id').bytes();
      for (const { leafIndex, leafNode } of tree.members()) {
        expect(verifyLeafNode(suite, leafNode, { groupId, leafIndex })).toBe(true);
      }
    },
  );
});
