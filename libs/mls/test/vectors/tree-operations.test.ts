import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';
import { describeVectors } from '@canopy/vectors';

import { nodesOfTree, RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { applyProposals } from '../../src/proposals/apply-proposals.ts';
import { Proposal } from '../../src/proposals/proposal.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import { hex, suiteOf, titled } from '../suites.ts';

describeVectors('tree-operations', { describe, it }, (cases) => {
  it.each(titled(cases))('%s [R7.7-01] [R7.7-02] [R12.1.1-02] [R12.1.2-02] [R12.1.3-02]', (_title, one) => {
    const suite = suiteOf(one);
    const before = treeFromNodes(decode(RatchetTreeNodes, one.get('tree_before').bytes()));
    expect(hex(treeHash(suite, before.root))).toBe(one.get('tree_hash_before').text());
    const proposal = decode(Proposal, one.get('proposal').bytes());
    const sender = { senderType: 1 as const, leafIndex: toLeafIndex(one.get('proposal_sender').number()) };
    const groupContext = {
      version: 1,
      cipherSuite: suite.id,
      groupId: new Uint8Array(),
      epoch: 0n,
      treeHash: new Uint8Array(),
      confirmedTranscriptHash: new Uint8Array(),
      extensions: [],
    };
    const { tree } = applyProposals([{ proposal, sender, reference: undefined }], {
      tree: before,
      groupContext,
    });
    expect(hex(encode(RatchetTreeNodes, nodesOfTree(tree)))).toBe(one.get('tree_after').text());
    expect(hex(treeHash(suite, tree.root))).toBe(one.get('tree_hash_after').text());
    expect(hex(encode(RatchetTreeNodes, nodesOfTree(before)))).toBe(one.get('tree_before').text());
  });
});
