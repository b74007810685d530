/**
 * What a client leaves for others so that they can add it (RFC 9420 §10).
 *
 * @module
 */

import { apart, encode, opaque, retained, sizeOfOpaque, struct, uint16, type TypeOf } from '@canopy/codec';
import { makeKeyPackageRef, signWithLabel, type CipherSuite } from '@canopy/crypto';
import { Extensions } from '../extensions/extension.ts';
import { LeafNode, signatureOfLeaf } from '../tree/leaf-node.ts';
import type { SignatureClaim } from '../tree/signature-answers.ts';

const content = {
  version: uint16,
  cipherSuite: uint16,
  initKey: opaque,
  // It goes into the tree, and must not keep the KeyPackage or a whole commit in memory there.
  leafNode: apart(LeafNode),
  extensions: Extensions,
};

const KeyPackageTBS = struct(content);

/** A KeyPackage before it is signed (RFC 9420 §10). */
export type KeyPackageTBS = TypeOf<typeof KeyPackageTBS>;

/** A one-time offer to be added to a group (RFC 9420 §10). */
export const KeyPackage = retained(struct({ ...content, signature: opaque }));
/** A one-time offer to be added to a group (RFC 9420 §10). */
export type KeyPackage = TypeOf<typeof KeyPackage>;

/** Signs a KeyPackage with the key of its leaf (RFC 9420 §10). */
export function signKeyPackage(
  suite: CipherSuite,
  keyPackage: KeyPackageTBS,
  signaturePrivateKey: Uint8Array,
): KeyPackage {
  const tbs = encode(KeyPackageTBS, keyPackage);
  return { ...keyPackage, signature: signWithLabel(suite, signaturePrivateKey, 'KeyPackageTBS', tbs) };
}

/** Gives the signature of a KeyPackage, to be verified with its leaf's signature key (RFC 9420 §10.1, text note T-04). */
export function signatureOfKeyPackage(keyPackage: KeyPackage): SignatureClaim {
  return {
    subject: keyPackage,
    position: undefined,
    signed() {
      const bytes = KeyPackage.bytesOf(keyPackage);
      const { leafNode, signature } = keyPackage;
      return {
        publicKey: leafNode.signatureKey,
        label: 'KeyPackageTBS',
        content: bytes.subarray(0, bytes.length - sizeOfOpaque(signature)),
        signature,
      };
    },
  };
}

/** Gives both signatures that make a KeyPackage valid: the leaf's and its own (RFC 9420 §10.1). */
export function signaturesOfKeyPackage(keyPackage: KeyPackage): readonly SignatureClaim[] {
  return [signatureOfLeaf(keyPackage.leafNode, undefined), signatureOfKeyPackage(keyPackage)];
}

/** Gives the reference that a Welcome names a KeyPackage by (RFC 9420 §5.2). */
export function keyPackageRef(suite: CipherSuite, keyPackage: KeyPackage): Uint8Array {
  return makeKeyPackageRef(suite, KeyPackage.bytesOf(keyPackage));
}
