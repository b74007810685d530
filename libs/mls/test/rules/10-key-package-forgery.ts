import type { OwnKeyPackage } from '../../src/key-packages/create-key-package.ts';
import { signKeyPackage, type KeyPackage, type KeyPackageTBS } from '../../src/key-packages/key-package.ts';
import { signLeafNode, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { empty, keyPackageOf, type Party } from '../parties.ts';

/** A KeyPackage in which something is changed: leaf and package are signed anew by the client itself. */
export function changedKeyPackage(
  who: Party,
  change: Partial<KeyPackageTBS>,
  changeLeaf: Partial<LeafNodeContent> = {},
  { keyPackage }: OwnKeyPackage = keyPackageOf(who, { grease: false }),
): KeyPackage {
  const { suite, identity } = who;
  const { privateKey } = identity.signatureKeyPair;
  const { version, cipherSuite, initKey, leafNode, extensions } = keyPackage;
  const { encryptionKey, signatureKey, credential, capabilities, source } = leafNode;
  const content = { encryptionKey, signatureKey, credential, capabilities, source };
  const leaf = signLeafNode(
    suite,
    { ...content, extensions: leafNode.extensions, ...changeLeaf },
    privateKey,
    { groupId: empty, leafIndex: toLeafIndex(0) },
  );
  const basis = { version, cipherSuite, initKey, leafNode: leaf, extensions };
  return signKeyPackage(suite, { ...basis, ...change }, privateKey);
}
