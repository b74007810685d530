import { bytesOfText, getCipherSuite } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { isLeafBelow, leftOf, rightOf, rootOf, toLeafIndex, toNodeIndex } from '../../src/tree/math.ts';
import { originalTreeHash, parentHash, verifyParentHashes } from '../../src/tree/parent-hash.ts';
import { treeHash, treeHashText } from '../../src/tree/tree-hash.ts';
import { suite1 } from '../parties.ts';
import { afresh, arrayOf, history, withPath } from './sample-trees.ts';
import { parentsOf, slowHash, slowParentHash } from './slow-tree.ts';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const runs = { numRuns: 15 };

describe('the tree hash that is kept in the places', () => {
  it('is that of all nodes hashed anew, in every version of a tree [R7.8-01, R7.8-02, R7.8-03]', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const versions = history(seed, 12);
        // In every second run hashes are kept along the way, in the others all are computed at the end.
        if (seed % 2 === 0) for (const tree of versions) treeHash(suite1, tree.root);
        for (const tree of versions) {
          const expected = slowHash(arrayOf(tree), rootOf(tree.leafCount));
          expect(treeHash(suite1, tree.root)).toEqual(expected);
          expect(treeHash(suite1, afresh(tree).root)).toEqual(expected);
        }
      }),
      runs,
    );
  });

  it('without leaves that were added later is that of the tree before them [R7.9-02]', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const tree of history(seed, 12)) {
          const nodes = arrayOf(tree);
          for (const [index, node] of nodes.entries()) {
            if (node?.nodeType !== 2) continue;
            const { unmergedLeaves } = node.parentNode;
            for (const child of [leftOf(toNodeIndex(index)), rightOf(toNodeIndex(index))]) {
              if (child === undefined) throw new Error('a child expected');
              const inside = unmergedLeaves.filter((leaf) => isLeafBelow(leaf, child));
              const expected = slowHash(nodes, child, inside);
              expect(bytesOfText(originalTreeHash(suite1, tree.slot(child), unmergedLeaves))).toEqual(
                expected,
              );
            }
          }
        }
      }),
      runs,
    );
  });
});

describe.each([1, 7, 4])('hashes that are kept as text, with the hash function of suite %i', (id) => {
  const suite = getCipherSuite(id);

  it('are those of every place of the slow tree, and hold all bytes of the digest', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const version of history(seed, 8)) {
          const tree = afresh(version);
          const nodes = arrayOf(tree);
          for (let index = 0; index < nodes.length; index++) {
            const slot = tree.slot(toNodeIndex(index));
            const expected = slowHash(nodes, toNodeIndex(index), [], suite);
            expect(expected).toHaveLength(suite.hash.size);
            expect(treeHash(suite, slot)).toEqual(expected);
            expect(bytesOfText(treeHashText(suite, slot))).toEqual(expected);
          }
        }
      }),
      { numRuns: 4 },
    );
  });

  it('make the parent hashes of the slow tree [R7.9-01]', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const version of history(seed, 12)) {
          const tree = afresh(version);
          const nodes = arrayOf(tree);
          for (const index of parentsOf(nodes)) {
            const node = nodes[index];
            const [left, right] = [leftOf(index), rightOf(index)];
            if (node?.nodeType !== 2 || left === undefined || right === undefined)
              throw new Error('a parent expected');
            for (const sibling of [left, right]) {
              const { parentNode } = node;
              const original = originalTreeHash(suite, tree.slot(sibling), parentNode.unmergedLeaves);
              expect(parentHash(suite, parentNode, original)).toEqual(
                slowParentHash(nodes, index, sibling, suite),
              );
            }
          }
        }
      }),
      { numRuns: 6 },
    );
  });

  it('given as bytes are copies: whoever changes one changes no tree', () => {
    const last = history(3, 6).at(-1);
    if (last === undefined) throw new Error('a tree expected');
    const tree = afresh(last);
    const first = treeHash(suite, tree.root);
    const before = Uint8Array.from(first);
    first.fill(0);
    expect(treeHash(suite, tree.root)).toEqual(before);
  });
});

describe('parent hashes', () => {
  it('hold in every tree that commits have made, whatever was added or removed between [R7.9.2-03, R7.9.2-04]', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const tree of history(seed, 14))
          expect(() => verifyParentHashes(suite1, afresh(tree).root)).not.toThrow();
      }),
      runs,
    );
  });

  it('do not hold for a key that somebody put into a node, whatever its hash says [R7.9.2-03]', () => {
    let tried = 0;
    for (const tree of history(5, 20)) {
      const committed = withPath(tree, toLeafIndex([...tree.members()][0]?.leafIndex ?? 0));
      const nodes = arrayOf(committed);
      for (const [index, node] of nodes.entries()) {
        if (node?.nodeType !== 2) continue;
        const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
        const editor = committed.edit();
        const [below] = [...committed.members()].filter(({ leafIndex }) =>
          isLeafBelow(leafIndex, toNodeIndex(index)),
        );
        if (below === undefined) throw new Error('a member below expected');
        const path = committed.directPath(below.leafIndex).flatMap((slot) => {
          if (slot.node === undefined) return [];
          const changed = slot.index === index ? { ...slot.node, encryptionKey } : slot.node;
          return [[slot.index, changed] as const];
        });
        editor.replacePath(below.leafIndex, below.leafNode, new Map(path));
        expect(() => verifyParentHashes(suite1, editor.finish().root)).toThrow(
          expect.objectContaining({ code: 'PARENT_HASH_MISMATCH' }),
        );
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(20);
  });
});
