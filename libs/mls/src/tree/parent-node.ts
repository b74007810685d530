/**
 * The inner nodes of the ratchet tree (RFC 9420 §7.1).
 *
 * @module
 */

import { opaque, struct, vector, type TypeOf } from '@canopy/codec';
import { LeafIndexCodec, type LeafIndex } from './math.ts';
import { countWhile } from './ordered.ts';

/** An inner node: a key that the members below it hold, unless they are listed as unmerged (RFC 9420 §7.1). */
export const ParentNode = struct({
  encryptionKey: opaque,
  parentHash: opaque,
  unmergedLeaves: vector(LeafIndexCodec),
});
/** An inner node (RFC 9420 §7.1). */
export type ParentNode = TypeOf<typeof ParentNode>;

/** Says whether a node lists a leaf as unmerged; the list is sorted (RFC 9420 §7.1). */
export function isUnmerged(node: ParentNode, leaf: LeafIndex): boolean {
  const before = countWhile(node.unmergedLeaves, (unmerged) => unmerged < leaf);
  return node.unmergedLeaves[before] === leaf;
}
