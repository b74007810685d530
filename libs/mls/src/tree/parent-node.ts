/**
 * The inner nodes of the ratchet tree (RFC 9420 §7.1).
 *
 * @module
 */

import { opaque, struct, vector, type TypeOf } from '@canopy/codec';
import { LeafIndexCodec, type LeafIndex } from './math.ts';

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
  let low = 0;
  let high = node.unmergedLeaves.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((node.unmergedLeaves[middle] ?? 0) < leaf) low = middle + 1;
    else high = middle;
  }
  return node.unmergedLeaves[low] === leaf;
}
