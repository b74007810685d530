import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { encode, optional } from '@canopy/codec';

import { Node } from '../../src/extensions/ratchet-tree.ts';
import { isLeaf, levelOf, nodeOfLeaf, toLeafIndex, toNodeIndex } from '../../src/tree/math.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { blankSlot, leafSlot, parentSlot, type ParentSlot, type Slot } from '../../src/tree/slot.ts';
import {
  fitsPlace,
  nodeChanges,
  treeOfNodes,
  withNodeChanges,
  type NodeChange,
} from '../../src/tree/tree-changes.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import { suite1 } from '../parties.ts';
import { hex } from '../suites.ts';
import { arrayOf, bytesOf, history, newLeaf } from './sample-trees.ts';

const runs = { numRuns: 20, seed: 14 };
const seeds = fc.integer({ min: 0, max: 1_000_000 });

function forEachPair(check: (before: RatchetTree, after: RatchetTree) => void): void {
  fc.assert(
    fc.property(seeds, (seed) => {
      const versions = history(seed, 8);
      for (const before of versions) for (const after of versions) check(before, after);
    }),
    runs,
  );
}

/** The places at which two array forms differ, found by comparing bytes. */
function slowChanges(before: RatchetTree, after: RatchetTree): number[] {
  const [old, now] = [before, after].map((tree) =>
    arrayOf(tree).map((node) => hex(encode(optional(Node), node))),
  );
  const places = Array.from({ length: Math.max(old?.length ?? 0, now?.length ?? 0) }, (_, index) => index);
  return places.filter((index) => (old?.[index] ?? '00') !== (now?.[index] ?? '00'));
}

const indexesOf = (changes: Iterable<NodeChange>): number[] =>
  Array.from(changes, ({ index }): number => index).toSorted((a, b) => a - b);

/** Counts the places that both trees have in common. */
function shared(a: Slot, b: Slot): number {
  if (a === b) return 2 ** (levelOf(a.index) + 1) - 1;
  if (a.index > b.index) return a.kind === 'parent' ? shared(a.left, b) : 0;
  if (a.index < b.index) return b.kind === 'parent' ? shared(a, b.left) : 0;
  return a.kind === 'parent' && b.kind === 'parent' ? shared(a.left, b.left) + shared(a.right, b.right) : 0;
}

describe('the difference of two trees', () => {
  it('names exactly the places whose nodes differ, whatever became of the size', () => {
    forEachPair((before, after) => {
      expect(indexesOf(nodeChanges(before.root, after.root))).toEqual(slowChanges(before, after));
    });
  });

  it('makes the one tree out of the other, with its hash and its index, and shares the rest', () => {
    forEachPair((before, after) => {
      const made = withNodeChanges(before, after.leafCount, nodeChanges(before.root, after.root));
      expect(hex(bytesOf(made))).toBe(hex(bytesOf(after)));
      expect(made.leafCount).toBe(after.leafCount);
      expect(hex(treeHash(suite1, made.root))).toBe(hex(treeHash(suite1, after.root)));
      for (const { leafNode } of [...before.members(), ...after.members()]) {
        for (const key of [leafNode.encryptionKey, leafNode.signatureKey]) {
          expect(made.index.countEncryptionKey(key)).toBe(after.index.countEncryptionKey(key));
          expect(made.index.countSignatureKey(key)).toBe(after.index.countSignatureKey(key));
        }
      }
      expect(shared(before.root, made.root)).toBeGreaterThanOrEqual(shared(before.root, after.root));
    });
  });

  it('from nothing is all of the nodes that are not blank', () => {
    forEachPair((tree) => {
      const all = [...nodeChanges(undefined, tree.root)];
      expect(all.every(({ after }) => after !== undefined)).toBe(true);
      expect(indexesOf(all)).toEqual(
        arrayOf(tree).flatMap((node, index) => (node === undefined ? [] : [index])),
      );
      expect(hex(bytesOf(treeOfNodes(tree.leafCount, all)))).toBe(hex(bytesOf(tree)));
    });
  });

  it('is found without a look at what both trees share', () => {
    const base = parentSlot(
      toNodeIndex(1),
      undefined,
      leafSlot(toLeafIndex(0), newLeaf()),
      blankSlot(toNodeIndex(2)),
    );
    const common: ParentSlot = {
      ...base,
      index: toNodeIndex(5),
      get left(): Slot {
        throw new Error('looked at');
      },
    };
    const [before, after] = [newLeaf(), newLeaf()].map((leaf) => {
      const left = parentSlot(toNodeIndex(1), undefined, leafSlot(toLeafIndex(0), leaf), base.right);
      return parentSlot(toNodeIndex(3), undefined, left, common);
    });
    if (before === undefined || after === undefined) throw new Error('two expected');
    expect(indexesOf(nodeChanges(before, after))).toEqual([0]);
    expect(() => indexesOf(nodeChanges(undefined, after))).toThrow('looked at');
  });

  it('of a commit in a large tree is its path', () => {
    const editor = RatchetTree.ofOne(newLeaf()).edit();
    const leaf = newLeaf();
    for (let count = 1; count < 1000; count++) editor.addLeaf(leaf);
    const large = editor.finish();
    const change = large.edit();
    change.updateLeaf(toLeafIndex(700), newLeaf());
    expect(indexesOf(nodeChanges(large.root, change.finish().root))).toEqual([nodeOfLeaf(toLeafIndex(700))]);
    expect([...nodeChanges(large.root, large.root)]).toEqual([]);
  });
});

describe('a changed node', () => {
  const leaf = { nodeType: 1, leafNode: newLeaf() } as const;
  const parent = {
    nodeType: 2,
    parentNode: { encryptionKey: new Uint8Array(32), parentHash: new Uint8Array(0), unmergedLeaves: [] },
  } as const;

  it('stands in a place of its kind', () => {
    for (const index of [0, 1, 2, 3, 6, 7].map(toNodeIndex)) {
      expect(fitsPlace({ index, after: leaf })).toBe(isLeaf(index));
      expect(fitsPlace({ index, after: parent })).toBe(!isLeaf(index));
      expect(fitsPlace({ index, after: undefined })).toBe(true);
    }
  });

  it('outside of the tree or of the wrong kind is a fault of the caller', () => {
    const tree = RatchetTree.ofOne(newLeaf());
    for (const [index, after] of [
      [2, leaf],
      [4, undefined],
      [0, parent],
    ] as const) {
      expect(() => withNodeChanges(tree, 1, [{ index: toNodeIndex(index), after }])).toThrow(
        expect.objectContaining({ name: 'InternalError' }),
      );
    }
  });
});
