import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { equal } from '@canopy/crypto';

import { CredentialType } from '../../src/registries.ts';
import type { LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex, type NodeIndex } from '../../src/tree/math.ts';
import type { ParentNode } from '../../src/tree/parent-node.ts';
import { RatchetTree, type TreeEditor } from '../../src/tree/ratchet-tree.ts';
import { bytes, empty } from '../parties.ts';
import { arrayOf, newLeaf } from './sample-trees.ts';

/*
 * Keys come from other members, and the index counts keys, capabilities and credentials in one table: no key may be
 * taken for another entry, whatever its bytes spell. What the index says is compared with a walk over all nodes.
 */

const long = (last: number): Uint8Array => new Uint8Array(300).fill(5).with(299, last);
const ofSize = (size: number): Uint8Array => new Uint8Array(size).fill(6);
const words = ['extension:10', 'proposal:3', 'credential:1', 'in-use:1', 'in-use:2', 'e:', 's:', '0', '1'];
const hostileKeys: readonly Uint8Array[] = [
  empty,
  ...words.map(bytes),
  // As if the byte in front, which says what kind of key it is, were part of the key.
  ...words.flatMap((word) => [0, 1].map((kind) => Uint8Array.of(kind, ...bytes(word)))),
  ...[[0], [1], [0, 0], [0, 1], [1, 0], [1, 1], [0xfe], [0xff], [0x80], [0xc3, 0xbf], [0, 0xff]].map((key) =>
    Uint8Array.from(key),
  ),
  ...[254, 255, 256, 257].map(ofSize),
  long(0),
  long(1),
];
const keys = fc.constantFrom(...hostileKeys);
const types = [1, 2, 3, 10] as const;
const lists = fc.array(fc.constantFrom(...types), { maxLength: 4 });

const basis = newLeaf();
const leaves: fc.Arbitrary<LeafNode> = fc
  .record({
    encryptionKey: keys,
    signatureKey: keys,
    capabilities: fc.record({ extensions: lists, proposals: lists, credentials: lists }),
    isX509: fc.boolean(),
  })
  .map(({ capabilities, isX509, ...changed }) => ({
    ...basis,
    ...changed,
    capabilities: { ...basis.capabilities, ...capabilities },
    credential: isX509
      ? { credentialType: CredentialType.x509, certificates: [] }
      : { credentialType: CredentialType.basic, identity: empty },
  }));

type Edit = (editor: TreeEditor, tree: RatchetTree) => void;

const parentOf = (encryptionKey: Uint8Array): ParentNode => ({
  encryptionKey,
  parentHash: empty,
  unmergedLeaves: [],
});

/** Nodes of a path with the given keys. */
function pathWith(tree: RatchetTree, leaf: number, given: readonly Uint8Array[]): Map<NodeIndex, ParentNode> {
  const above = tree.directPath(toLeafIndex(leaf));
  return new Map(above.map(({ index }, at) => [index, parentOf(given[at % given.length] ?? empty)]));
}

/** The index of one of the members. */
function memberAt(tree: RatchetTree, at: number): number {
  const members = [...tree.members()];
  return members[at % members.length]?.leafIndex ?? 0;
}

const edits: fc.Arbitrary<Edit> = fc.oneof(
  leaves.map(
    (leaf): Edit =>
      (editor) =>
        void editor.addLeaf(leaf),
  ),
  fc.tuple(fc.nat(), leaves).map(
    ([at, leaf]): Edit =>
      (editor, tree) =>
        editor.updateLeaf(toLeafIndex(memberAt(tree, at)), leaf),
  ),
  fc.nat().map((at): Edit => (editor, tree) => {
    if (tree.memberCount === 1) return;
    editor.removeLeaf(toLeafIndex(memberAt(tree, at)));
    editor.truncate();
  }),
  fc
    .tuple(fc.nat(), leaves, fc.array(keys, { minLength: 1, maxLength: 4 }))
    .map(([at, leaf, given]): Edit => (editor, tree) => {
      const member = memberAt(tree, at);
      editor.replacePath(toLeafIndex(member), leaf, pathWith(tree, member, given));
    }),
);

function countWhere<T>(list: readonly T[], test: (one: T) => boolean): number {
  return list.filter(test).length;
}

/** Compares all that the index says with what is there. */
function expectCounted(tree: RatchetTree): void {
  const nodes = arrayOf(tree).filter((node) => node !== undefined);
  const encryptionKeys = nodes.map(
    (node) => (node.nodeType === 1 ? node.leafNode : node.parentNode).encryptionKey,
  );
  const members = Array.from(tree.members(), ({ leafNode }) => leafNode);
  for (const key of hostileKeys) {
    expect(tree.index.countEncryptionKey(key)).toBe(countWhere(encryptionKeys, (other) => equal(other, key)));
    const signing = countWhere(members, ({ signatureKey }) => equal(signatureKey, key));
    expect(tree.index.countSignatureKey(key)).toBe(signing);
  }
  for (const type of types) {
    const { index } = tree;
    const supporting = (list: 'extensions' | 'proposals' | 'credentials'): number =>
      countWhere(members, ({ capabilities }) => capabilities[list].includes(type));
    expect(index.countSupport('extension', type)).toBe(supporting('extensions'));
    expect(index.countSupport('proposal', type)).toBe(supporting('proposals'));
    expect(index.countSupport('credential', type)).toBe(supporting('credentials'));
  }
  const inUse = Object.values(CredentialType).filter((type) =>
    members.some(({ credential }) => credential.credentialType === type),
  );
  expect(tree.index.credentialTypesInUse()).toEqual(inUse);
}

describe('the index of a tree with hostile keys', () => {
  it('counts what a walk over the tree counts, after random changes and in every version', () => {
    fc.assert(
      fc.property(leaves, fc.array(edits, { maxLength: 15 }), (first, changes) => {
        const versions = [RatchetTree.ofOne(first)];
        for (const change of changes) {
          const tree = versions.at(-1) ?? RatchetTree.ofOne(first);
          const editor = tree.edit();
          change(editor, tree);
          versions.push(editor.finish());
        }
        for (const tree of versions.toReversed()) expectCounted(tree);
      }),
      { numRuns: 60 },
    );
  });

  it('tells all of them apart, as encryption keys and as signature keys', () => {
    for (const key of hostileKeys) {
      const none = { extensions: [], proposals: [], credentials: [] };
      const leaf = { ...basis, capabilities: { ...basis.capabilities, ...none } };
      const asEncryption = RatchetTree.ofOne({ ...leaf, encryptionKey: key });
      const asSignature = RatchetTree.ofOne({ ...leaf, signatureKey: key });
      expectCounted(asEncryption);
      expectCounted(asSignature);
      expect(hostileKeys.filter((other) => asEncryption.index.countEncryptionKey(other) > 0)).toEqual([key]);
      expect(hostileKeys.filter((other) => asEncryption.index.countSignatureKey(other) > 0)).toEqual([]);
      expect(hostileKeys.filter((other) => asSignature.index.countSignatureKey(other) > 0)).toEqual([key]);
      expect(hostileKeys.filter((other) => asSignature.index.countEncryptionKey(other) > 0)).toEqual([]);
    }
  });

  it('keeps no bytes of a key that its owner overwrites later', () => {
    const key = Uint8Array.from(long(0));
    const tree = RatchetTree.ofOne({ ...basis, encryptionKey: key });
    key.fill(0xff);
    expect(tree.index.countEncryptionKey(long(0))).toBe(1);
    expect(tree.index.countEncryptionKey(key)).toBe(0);
  });
});
