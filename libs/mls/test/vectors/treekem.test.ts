import { describe, expect, it } from '@jest/globals';

import { decode } from '@canopy/codec';
import { describeVectors, type VectorValue } from '@canopy/vectors';

import { RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { createPath } from '../../src/tree/create-path.ts';
import { nodeOfLeaf, toLeafIndex, toNodeIndex, type LeafIndex, type NodeIndex } from '../../src/tree/math.ts';
import { nodeKeyPair } from '../../src/tree/path-secrets.ts';
import { mergePath, openPath } from '../../src/tree/process-path.ts';
import type { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import { UpdatePath } from '../../src/tree/update-path.ts';
import { verifyLeafNode } from '../../src/tree/leaf-node.ts';
import { hex, suiteOf, titled } from '../suites.ts';

const newLeaves = new Set<LeafIndex>();

interface Member {
  readonly leafIndex: LeafIndex;
  readonly keys: ReadonlyMap<NodeIndex, Uint8Array>;
  readonly signaturePrivateKey: Uint8Array;
}

function setUp(one: VectorValue): {
  suite: ReturnType<typeof suiteOf>;
  tree: RatchetTree;
  groupId: Uint8Array;
  members: Member[];
  contextOf: (tree: RatchetTree) => Uint8Array;
} {
  const suite = suiteOf(one);
  const tree = treeFromNodes(decode(RatchetTreeNodes, one.get('ratchet_tree').bytes()));
  const groupId = one.get('group_id').bytes();
  const members = one
    .get('leaves_private')
    .array()
    .map((leaf) => {
      const leafIndex = toLeafIndex(leaf.get('index').number());
      const keys = new Map<NodeIndex, Uint8Array>([
        [nodeOfLeaf(leafIndex), leaf.get('encryption_priv').bytes()],
      ]);
      for (const entry of leaf.get('path_secrets').array()) {
        const node = toNodeIndex(entry.get('node').number());
        const pair = nodeKeyPair(suite, entry.get('path_secret').bytes());
        expect(hex(pair.publicKey)).toBe(hex(tree.slot(node).node?.encryptionKey ?? new Uint8Array()));
        keys.set(node, pair.privateKey);
      }
      return { leafIndex, keys, signaturePrivateKey: leaf.get('signature_priv').bytes() };
    });
  const contextOf = (merged: RatchetTree): Uint8Array =>
    GroupContext.bytesOf({
      version: 1,
      cipherSuite: suite.id,
      groupId,
      epoch: one.get('epoch').bigint(),
      treeHash: treeHash(suite, merged.root),
      confirmedTranscriptHash: one.get('confirmed_transcript_hash').bytes(),
      extensions: [],
    });
  return { suite, tree, groupId, members, contextOf };
}

describeVectors('treekem', { describe, it }, (cases) => {
  it.each(titled(cases))(
    '%s: processes every path [R7.4-01] [R7.4-02] [R7.5-05] [R7.5-08] [R7.6-04]',
    (_title, one) => {
      const { suite, tree, members, contextOf } = setUp(one);
      for (const path of one.get('update_paths').array()) {
        const sender = toLeafIndex(path.get('sender').number());
        const updatePath = decode(UpdatePath, path.get('update_path').bytes());
        const received = { suite, tree, sender, updatePath, newLeaves };
        const merged = mergePath(received);
        expect(hex(treeHash(suite, merged.tree.root))).toBe(path.get('tree_hash_after').text());
        for (const member of members) {
          if (member.leafIndex === sender) continue;
          const opened = openPath(received, merged, { ...member, groupContext: contextOf(merged.tree) });
          expect(hex(opened.commitSecret)).toBe(path.get('commit_secret').text());
          const secret = path.get('path_secrets').array()[member.leafIndex]?.optional()?.bytes();
          const lowest = [...opened.keys.values()][0];
          expect(secret && hex(nodeKeyPair(suite, secret).privateKey)).toBe(lowest && hex(lowest));
        }
      }
    },
  );

  it.each(titled(cases))(
    '%s: makes paths that every member can process [R7.5-02] [R12.4.1-04]',
    (_title, one) => {
      const { suite, tree, groupId, members, contextOf } = setUp(one);
      for (const member of members) {
        const leaf = tree.findLeaf(member.leafIndex);
        if (leaf === undefined) throw new Error('the member has no leaf');
        const { leafIndex: sender, signaturePrivateKey } = member;
        const made = createPath({ suite, tree, groupId, sender, leaf, signaturePrivateKey, newLeaves });
        const context = contextOf(made.tree);
        const received = { suite, tree, sender, updatePath: made.encrypt(context), newLeaves };
        const merged = mergePath(received);
        expect(hex(treeHash(suite, merged.tree.root))).toBe(hex(treeHash(suite, made.tree.root)));
        expect(verifyLeafNode(suite, received.updatePath.leafNode, { groupId, leafIndex: sender })).toBe(
          true,
        );
        for (const other of members) {
          if (other.leafIndex === sender) continue;
          const opened = openPath(received, merged, { ...other, groupContext: context });
          expect(hex(opened.commitSecret)).toBe(hex(made.commitSecret));
        }
      }
    },
  );
});
