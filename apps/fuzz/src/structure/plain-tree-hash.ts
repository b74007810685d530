/**
 * The tree hash a second time, plain and without any memory, from the nodes that travel (RFC 9420 §7.8).
 *
 * @module
 */

import { encode, optional, struct, opaque, uint32, uint8 } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';
import { LeafNode, nodesOfTree, ParentNode, type RatchetTree, type RatchetTreeNodes } from '@canopy/mls';

const LeafInput = struct({ nodeType: uint8, leafIndex: uint32, leafNode: optional(LeafNode) });
const ParentInput = struct({
  nodeType: uint8,
  parentNode: optional(ParentNode),
  leftHash: opaque,
  rightHash: opaque,
});

/** Computes the hash of a whole tree. */
export function plainTreeHash(suite: CipherSuite, tree: RatchetTree): Uint8Array {
  const nodes = nodesOfTree(tree);
  let width = 1;
  while (width < nodes.length) width = 2 * width + 1;
  return hashOf(suite, nodes, 0, width);
}

/** Hashes the subtree of the nodes from an index on. */
function hashOf(suite: CipherSuite, nodes: RatchetTreeNodes, from: number, width: number): Uint8Array {
  const middle = from + (width - 1) / 2;
  const node = nodes[middle];
  if (width === 1) {
    const leafNode = node?.nodeType === 1 ? node.leafNode : undefined;
    return suite.hash.digest(encode(LeafInput, { nodeType: 1, leafIndex: from / 2, leafNode }));
  }
  const half = (width - 1) / 2;
  const parentNode = node?.nodeType === 2 ? node.parentNode : undefined;
  const leftHash = hashOf(suite, nodes, from, half);
  const rightHash = hashOf(suite, nodes, middle + 1, half);
  return suite.hash.digest(encode(ParentInput, { nodeType: 2, parentNode, leftHash, rightHash }));
}
