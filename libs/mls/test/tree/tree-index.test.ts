import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { equal } from '@canopy/crypto';

import type { LeafNode } from '../../src/tree/leaf-node.ts';
import { PersistentCounts } from '../../src/tree/persistent-counts.ts';
import type { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import type { CapabilityKind } from '../../src/tree/tree-index.ts';
import { choices } from '../parties.ts';
import { arrayOf, changed, history } from './sample-trees.ts';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const runs = { numRuns: 20 };

const leavesOf = (tree: RatchetTree): LeafNode[] => Array.from(tree.members(), ({ leafNode }) => leafNode);

const listOf = ({ capabilities }: LeafNode, kind: CapabilityKind): readonly number[] =>
  ({
    extension: capabilities.extensions,
    proposal: capabilities.proposals,
    credential: capabilities.credentials,
  })[kind];

/** Compares the index with a walk over all nodes. */
function expectRecounted(tree: RatchetTree): void {
  const leaves = leavesOf(tree);
  const nodes = arrayOf(tree).filter((node) => node !== undefined);
  const keys = nodes.map((node) => (node.nodeType === 1 ? node.leafNode : node.parentNode).encryptionKey);
  for (const key of keys) {
    expect(tree.index.countEncryptionKey(key)).toBe(keys.filter((other) => equal(other, key)).length);
  }
  for (const { signatureKey } of leaves) {
    const same = leaves.filter((leaf) => equal(leaf.signatureKey, signatureKey));
    expect(tree.index.countSignatureKey(signatureKey)).toBe(same.length);
  }
  for (const kind of ['extension', 'proposal', 'credential'] as const) {
    for (const type of [1, 2, 3, 0xf000, 0xf001, 0xf002]) {
      const supporting = leaves.filter((leaf) => listOf(leaf, kind).includes(type));
      expect(tree.index.countSupport(kind, type)).toBe(supporting.length);
    }
  }
  expect(tree.index.credentialTypesInUse()).toEqual([1]);
  expect(tree.index.countEncryptionKey(Uint8Array.of(1, 2, 3))).toBe(0);
}

describe('the index of a tree', () => {
  it('is what a walk over all nodes finds, in every version and in any order', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const versions = history(seed, 12);
        const pick = choices(seed);
        for (const tree of versions.toReversed()) expectRecounted(tree);
        for (let count = 0; count < 10; count++) {
          const tree = versions[pick(versions.length)];
          if (tree !== undefined) expectRecounted(tree);
        }
      }),
      runs,
    );
  });

  it('of several trees that were made from one is right for each of them', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const pick = choices(seed);
        const family = history(seed, 4);
        for (let count = 0; count < 8; count++) {
          const ancestor = family[pick(family.length)];
          if (ancestor !== undefined) family.push(changed(ancestor, pick));
        }
        for (const tree of [...family, ...family.toReversed()]) expectRecounted(tree);
      }),
      runs,
    );
  });
});

function added(
  counts: ReadonlyMap<string, number> | undefined,
  delta: Iterable<readonly [string, number]>,
): Map<string, number> {
  const result = new Map(counts);
  for (const [name, change] of delta) result.set(name, (result.get(name) ?? 0) + change);
  return result;
}

describe('counters of which old versions stay readable', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  /** Each entry makes a version from an earlier one (modulo the number there are), then reads another. */
  const scripts = fc.array(
    fc.record({
      from: fc.nat(),
      read: fc.nat(),
      delta: fc.array(fc.tuple(key, fc.integer({ min: -2, max: 3 })), { maxLength: 3 }),
    }),
    { maxLength: 40 },
  );

  it('count like a copied Map for each version', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const versions = [PersistentCounts.from(new Map())];
        const copies = [new Map<string, number>()];
        for (const { from, read, delta } of script) {
          const base = from % versions.length;
          const sums = added(new Map(), delta);
          const copy = added(copies[base], sums);
          const next = versions[base]?.changedBy(sums);
          if (next === undefined) throw new Error('a version expected');
          versions.push(next);
          copies.push(copy);
          const at = read % versions.length;
          for (const name of ['a', 'b', 'c', 'd']) {
            expect(versions[at]?.get(name)).toBe(copies[at]?.get(name) ?? 0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reach over a hundred thousand versions without recursion', () => {
    const first = PersistentCounts.from(new Map([['a', 1]]));
    let last = first;
    for (let count = 0; count < 100_000; count++) last = last.changedBy(new Map([['a', 1]]));
    expect(first.get('a')).toBe(1);
    expect(last.get('a')).toBe(100_001);
    expect(first.get('a')).toBe(1);
  });
});
