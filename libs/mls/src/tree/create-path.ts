/**
 * How a committer makes an UpdatePath (RFC 9420 §7.4, §7.5, §7.6).
 *
 * @module
 */

import { encryptorWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { filteredDirectPath, recipientsOf, type PathStep } from './filtered-direct-path.ts';
import type { IdentityPart } from '../key-packages/client-identity.ts';
import { LeafNodeSource, signLeafNode } from './leaf-node.ts';
import { nodeOfLeaf, type LeafIndex, type NodeIndex } from './math.ts';
import { pathNodes } from './merge-path.ts';
import { nextPathSecret, nodeKeyPair } from './path-secrets.ts';
import type { PrivateTree } from './private-tree.ts';
import type { RatchetTree } from './ratchet-tree.ts';
import type { UpdatePath } from './update-path.ts';

/** What a path is made from. */
export interface PathRequest {
  readonly suite: CipherSuite;
  /** The tree after the proposals were applied. */
  readonly tree: RatchetTree;
  readonly groupId: Uint8Array;
  readonly sender: LeafIndex;
  /** The committer's leaf: what it is to say beside its new key and parent hash. */
  readonly leaf: IdentityPart;
  readonly signaturePrivateKey: Uint8Array;
  /** The leaves that the same commit adds: they learn their path secret from the Welcome. */
  readonly newLeaves: ReadonlySet<LeafIndex>;
}

/** A path whose keys stand in the tree, not yet encrypted: the encryption's context needs the tree's hash (§7.6). */
export interface NewPath {
  readonly tree: RatchetTree;
  readonly keys: PrivateTree;
  /** The secrets by node; consumed by `encryptPath` and by the Welcome, then to be wiped. */
  readonly pathSecrets: ReadonlyMap<NodeIndex, Uint8Array>;
  readonly commitSecret: Uint8Array;
  /** Encrypts the path secrets with the provisional group context and gives what travels. */
  encrypt(groupContext: Uint8Array): UpdatePath;
}

/** Makes new keys for the sender's leaf and its filtered direct path (RFC 9420 §7.5). */
export function createPath(request: PathRequest): NewPath {
  const { suite, tree, sender } = request;
  const path = filteredDirectPath(tree, sender);
  const { pathSecrets, publicKeys, keys, commitSecret } = deriveKeys(suite, path);
  const leafKeys = suite.hpke.generateKeyPair();
  keys.set(nodeOfLeaf(sender), leafKeys.privateKey);
  const { nodes, leafParentHash } = pathNodes(suite, path, publicKeys);
  const leafNode = signLeafNode(
    suite,
    {
      ...request.leaf,
      encryptionKey: leafKeys.publicKey,
      source: { leafNodeSource: LeafNodeSource.commit, parentHash: leafParentHash },
    },
    request.signaturePrivateKey,
    { groupId: request.groupId, leafIndex: sender },
  );
  const editor = tree.edit();
  editor.replacePath(sender, leafNode, nodes);
  return {
    tree: editor.finish(),
    keys,
    pathSecrets,
    commitSecret,
    encrypt(context) {
      const encrypt = encryptorWithLabel(suite, { label: 'UpdatePathNode', context });
      return {
        leafNode,
        nodes: path.map((step, position) => ({
          encryptionKey: required(publicKeys[position], 'the key of a path node'),
          encryptedPathSecret: recipientsOf(step, request.newLeaves).map((recipient) =>
            encrypt(
              recipient.node.encryptionKey,
              required(pathSecrets.get(step.slot.index), 'the secret of a path node'),
            ),
          ),
        })),
      };
    },
  };
}

interface DerivedKeys {
  readonly pathSecrets: Map<NodeIndex, Uint8Array>;
  readonly publicKeys: Uint8Array[];
  readonly keys: Map<NodeIndex, Uint8Array>;
  readonly commitSecret: Uint8Array;
}

function deriveKeys(suite: CipherSuite, path: readonly PathStep[]): DerivedKeys {
  const pathSecrets = new Map<NodeIndex, Uint8Array>();
  const publicKeys: Uint8Array[] = [];
  const keys = new Map<NodeIndex, Uint8Array>();
  let secret = suite.random(suite.kdf.size);
  for (const { slot } of path) {
    const { publicKey, privateKey } = nodeKeyPair(suite, secret);
    pathSecrets.set(slot.index, secret);
    publicKeys.push(publicKey);
    keys.set(slot.index, privateKey);
    secret = nextPathSecret(suite, secret);
  }
  // §12.4.1: the commit secret follows the last path secret; with an empty path it is the fresh one itself.
  return { pathSecrets, publicKeys, keys, commitSecret: secret };
}

/** Overwrites the path secrets once nobody needs them any more (R7.5-10). */
export function wipePathSecrets(path: Pick<NewPath, 'pathSecrets'>): void {
  wipe(...path.pathSecrets.values());
}

/** Gives the secrets of a new path that is not sent after all, to be overwritten. */
export function secretsOfPath({ pathSecrets, keys, commitSecret }: NewPath): readonly Uint8Array[] {
  return [...pathSecrets.values(), ...keys.values(), commitSecret];
}
