import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { nodesOfTree, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { filteredDirectPath, recipientsOf } from '../../src/tree/filtered-direct-path.ts';
import { leafOfNode, toLeafIndex, toNodeIndex } from '../../src/tree/math.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { resolutionOf } from '../../src/tree/slot.ts';
import { bytesOf, arrayOf, changed, history, newLeaf, withPath, type Nodes } from './sample-trees.ts';
import { filtered, resolution } from './slow-tree.ts';
import { choices } from '../parties.ts';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const runs = { numRuns: 25 };

function forEachVersion(check: (tree: RatchetTree, nodes: Nodes) => void): void {
  fc.assert(
    fc.property(seeds, (seed) => {
      for (const tree of history(seed, 12)) check(tree, arrayOf(tree));
    }),
    runs,
  );
}

describe('a ratchet tree that random commits have made', () => {
  it('resolves every node as the definition says [R4.1.1-01, R4.1.1-02]', () => {
    forEachVersion((tree, nodes) => {
      for (let index = 0; index < nodes.length; index++) {
        const node = toNodeIndex(index);
        expect(resolutionOf(tree.slot(node)).map((slot) => slot.index)).toEqual(resolution(nodes, node));
      }
    });
  });

  it('filters direct paths as the definition says [R4.1.2-01, R4.1.2-02]', () => {
    forEachVersion((tree, nodes) => {
      for (let leaf = 0; leaf < tree.leafCount; leaf++) {
        const path = filteredDirectPath(tree, toLeafIndex(leaf));
        expect(path.map(({ slot, copath }) => [slot.index, copath.index])).toEqual(
          filtered(nodes, toLeafIndex(leaf)),
        );
      }
    });
  });

  it('gives path secrets to the resolution without new leaves [R7.5-03, R7.6-02]', () => {
    forEachVersion((tree, nodes) => {
      const [first, second] = [...tree.members()].map(({ leafIndex }) => leafIndex);
      const fresh = new Set([first, second].filter((leaf) => leaf !== undefined));
      for (const step of filteredDirectPath(tree, toLeafIndex(0))) {
        const expected = resolution(nodes, step.copath.index).filter(
          (index) => index % 2 === 1 || !fresh.has(leafOfNode(toNodeIndex(index))),
        );
        expect(recipientsOf(step, fresh).map(({ index }) => index)).toEqual(expected);
      }
    });
  });

  it('counts its members and finds each leaf', () => {
    forEachVersion((tree, nodes) => {
      const leaves = nodes.flatMap((node, index) => (node?.nodeType === 1 ? [index / 2] : []));
      expect(Array.from(tree.members(), ({ leafIndex }) => leafIndex)).toEqual(leaves);
      expect(tree.memberCount).toBe(leaves.length);
      for (let leaf = 0; leaf < tree.leafCount + 2; leaf++) {
        expect(tree.findLeaf(leaf) !== undefined).toBe(leaves.includes(leaf));
      }
    });
  });

  it('is as small as its rightmost member allows [R7.7-02, R7.7-03]', () => {
    forEachVersion((tree, nodes) => {
      const last = nodes.findLastIndex((node) => node?.nodeType === 1) / 2;
      expect(tree.leafCount === 1 || last >= tree.leafCount / 2).toBe(true);
    });
  });

  it('gives the leftmost blank leaf to the next member [R12.1.1-02, R7.7-01]', () => {
    forEachVersion((tree, nodes) => {
      const blank = nodes.findIndex((node, index) => index % 2 === 0 && node === undefined);
      const editor = tree.edit();
      const leaf = editor.addLeaf(newLeaf());
      expect(leaf).toBe(blank < 0 ? tree.leafCount : blank / 2);
      expect(editor.finish().leafCount).toBe(blank < 0 ? 2 * tree.leafCount : tree.leafCount);
    });
  });

  it('lists a new leaf as unmerged in every node above that is not blank, sorted [R12.1.1-03, R7.1-01]', () => {
    forEachVersion((tree, before) => {
      const editor = tree.edit();
      const leaf = editor.addLeaf(newLeaf());
      const after = arrayOf(editor.finish());
      for (const [index, node] of after.entries()) {
        if (node?.nodeType !== 2) continue;
        const old = before[index];
        const listed = old?.nodeType === 2 ? old.parentNode.unmergedLeaves : [];
        const above = editor
          .finish()
          .directPath(leaf)
          .some((slot) => slot.index === index);
        const expected = above ? [...listed, leaf].toSorted((a, b) => a - b) : listed;
        expect(node.parentNode.unmergedLeaves).toEqual(expected);
      }
    });
  });

  it('stays as it is while changes are made to copies of it', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const versions = history(seed, 8);
        const before = versions.map(bytesOf);
        const pick = choices(seed + 1);
        for (const tree of versions) changed(tree, pick);
        expect(versions.map(bytesOf)).toEqual(before);
      }),
      runs,
    );
  });

  it('comes back from its nodes, of which the last is a leaf [R12.4.3.3-01, R12.4.3.3-03, R12.4.3.3-05]', () => {
    forEachVersion((tree) => {
      const nodes = nodesOfTree(tree);
      expect(nodes.at(-1)?.nodeType).toBe(1);
      const again = treeFromNodes(nodes);
      expect(again.leafCount).toBe(tree.leafCount);
      expect(bytesOf(again)).toEqual(bytesOf(tree));
    });
  });
});

describe('nodes that are no tree are refused', () => {
  const tree = ((): RatchetTree => {
    const editor = RatchetTree.ofOne(newLeaf()).edit();
    for (let count = 0; count < 2; count++) editor.addLeaf(newLeaf());
    return withPath(editor.finish(), toLeafIndex(0));
  })();
  const nodes = nodesOfTree(tree);
  const [leaf, parent] = nodes;

  it.each([
    { what: 'there are none [R12.4.3.3-06]', wrong: [] },
    { what: 'the last one is blank [R12.4.3.3-04]', wrong: [...nodes, undefined] },
    { what: 'the last one is a parent [R12.4.3.3-07]', wrong: [...nodes, parent] },
    { what: 'a leaf stands where a parent belongs [R12.4.3.3-02]', wrong: [leaf, leaf, leaf] },
    { what: 'a parent stands where a leaf belongs [R12.4.3.3-02]', wrong: [parent, parent, leaf] },
  ])('when $what', ({ wrong }) => {
    expect(() => treeFromNodes(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_RATCHET_TREE' }));
  });
});
