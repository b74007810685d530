/**
 * The new keys of a committer's path, as they travel (RFC 9420 §7.6).
 *
 * @module
 */

import { apart, opaque, struct, vector, type TypeOf } from '@canopy/codec';
import { HPKECiphertext } from '@canopy/crypto';
import { LeafNode } from './leaf-node.ts';

/** The new key of one node and its path secret, encrypted to each node of a resolution (RFC 9420 §7.6). */
export const UpdatePathNode = struct({
  encryptionKey: opaque,
  encryptedPathSecret: vector(HPKECiphertext),
});
/** The new key of one node and its path secret (RFC 9420 §7.6). */
export type UpdatePathNode = TypeOf<typeof UpdatePathNode>;

/**
 * A new leaf and the new nodes of its filtered direct path, leaf to root (RFC 9420 §7.6). The leaf goes into the tree and
 * must not keep the message there, with all its ciphertexts.
 */
export const UpdatePath = struct({ leafNode: apart(LeafNode), nodes: vector(UpdatePathNode) });
/** A new leaf and the new nodes of its filtered direct path (RFC 9420 §7.6). */
export type UpdatePath = TypeOf<typeof UpdatePath>;
