/**
 * The leaves of the ratchet tree: one client each (RFC 9420 §7.2).
 *
 * @module
 */

import { encode, opaque, retained, select, sizeOfOpaque, struct, uint8, type TypeOf } from '@canopy/codec';
import { signWithLabel, verifyWithLabel, type CipherSuite } from '@canopy/crypto';
import { Credential } from '../credentials/credential.ts';
import { Extensions } from '../extensions/extension.ts';
import { Capabilities } from './capabilities.ts';
import { Lifetime } from './lifetime.ts';
import { LeafIndexCodec, type LeafIndex } from './math.ts';
import type { SignatureClaim } from './signature-answers.ts';

/** §7.2: where a leaf comes from; the rest of the leaf depends on it. */
export const LeafNodeSource = { keyPackage: 1, update: 2, commit: 3 } as const;
/** §7.2: where a leaf comes from. */
export type LeafNodeSource = (typeof LeafNodeSource)[keyof typeof LeafNodeSource];

const content = {
  encryptionKey: opaque,
  signatureKey: opaque,
  credential: Credential,
  capabilities: Capabilities,
  source: select('leafNodeSource', uint8, {
    [LeafNodeSource.keyPackage]: struct({ lifetime: Lifetime }),
    [LeafNodeSource.update]: struct({}),
    [LeafNodeSource.commit]: struct({ parentHash: opaque }),
  }),
  extensions: Extensions,
};

/** A leaf before it is signed (RFC 9420 §7.2). */
export const LeafNodeContent = struct(content);
/** A leaf before it is signed (RFC 9420 §7.2). */
export type LeafNodeContent = TypeOf<typeof LeafNodeContent>;

/** One client's public state in the group (RFC 9420 §7.2). */
export const LeafNode = retained(struct({ ...content, signature: opaque }));
/** One client's public state in the group (RFC 9420 §7.2). */
export type LeafNode = TypeOf<typeof LeafNode>;

/** Where a leaf stands; part of what is signed for the sources `update` and `commit` (RFC 9420 §7.2). */
export interface LeafPosition {
  readonly groupId: Uint8Array;
  readonly leafIndex: LeafIndex;
}

const Position = struct({ groupId: opaque, leafIndex: LeafIndexCodec });

/** LeafNodeTBS: the content, followed by the position unless the leaf comes from a KeyPackage (RFC 9420 §7.2). */
function leafNodeTbs(leaf: LeafNodeContent, encoded: Uint8Array, position?: LeafPosition): Uint8Array {
  if (leaf.source.leafNodeSource === LeafNodeSource.keyPackage || position === undefined) return encoded;
  return Buffer.concat([encoded, encode(Position, position)]);
}

/** Signs a leaf (RFC 9420 §7.2). The position is left out for the source `key_package` only. */
export function signLeafNode(
  suite: CipherSuite,
  leaf: LeafNodeContent,
  signaturePrivateKey: Uint8Array,
  position?: LeafPosition,
): LeafNode {
  const tbs = leafNodeTbs(leaf, encode(LeafNodeContent, leaf), position);
  const signature = signWithLabel(suite, signaturePrivateKey, 'LeafNodeTBS', tbs);
  return { ...leaf, signature };
}

/** Gives the signature of a leaf at its position, to be verified with the leaf's own key (RFC 9420 §7.2). */
export function signatureOfLeaf(leaf: LeafNode, position: LeafPosition | undefined): SignatureClaim {
  return {
    subject: leaf,
    position,
    signed() {
      const bytes = LeafNode.bytesOf(leaf);
      const unsigned = bytes.subarray(0, bytes.length - sizeOfOpaque(leaf.signature));
      return {
        publicKey: leaf.signatureKey,
        label: 'LeafNodeTBS',
        content: leafNodeTbs(leaf, unsigned, position),
        signature: leaf.signature,
      };
    },
  };
}

/** Says whether a leaf's signature is valid under its own signature key at its position (RFC 9420 §7.2). */
export function verifyLeafNode(suite: CipherSuite, leaf: LeafNode, position?: LeafPosition): boolean {
  return verifyWithLabel(suite, signatureOfLeaf(leaf, position).signed());
}

/** Gives the parent hash that a leaf carries; undefined unless it comes from a commit (RFC 9420 §7.9). */
export function parentHashOfLeaf(leaf: LeafNode): Uint8Array | undefined {
  return leaf.source.leafNodeSource === LeafNodeSource.commit ? leaf.source.parentHash : undefined;
}
