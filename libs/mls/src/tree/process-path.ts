/**
 * How a member takes over a committer's UpdatePath (RFC 9420 §7.5, §12.4.2).
 *
 * @module
 */

import { CryptoError, decryptWithLabel, equal, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse, required } from '../errors.ts';
import { wipeOnRefusal } from '../schedule/wipe-on-refusal.ts';
import { filteredDirectPath, recipientsOf, type PathStep } from './filtered-direct-path.ts';
import { parentHashOfLeaf } from './leaf-node.ts';
import { isLeafBelow, type LeafIndex, type NodeIndex } from './math.ts';
import { pathNodes } from './merge-path.ts';
import { nextPathSecret, nodeKeyPair } from './path-secrets.ts';
import type { PrivateTree } from './private-tree.ts';
import type { RatchetTree } from './ratchet-tree.ts';
import type { UpdatePath } from './update-path.ts';
import { validateEncryptionKey } from './validate-keys.ts';

/** An UpdatePath and where it goes. */
export interface ReceivedPath {
  readonly suite: CipherSuite;
  /** The tree after the proposals were applied. */
  readonly tree: RatchetTree;
  readonly sender: LeafIndex;
  readonly updatePath: UpdatePath;
  /** The leaves that the same commit adds. */
  readonly newLeaves: ReadonlySet<LeafIndex>;
}

/** A path whose public keys stand in the tree. */
export interface MergedPath {
  readonly tree: RatchetTree;
  readonly path: readonly PathStep[];
}

/** Puts the public part of a path into the tree (RFC 9420 §7.5). Anyone can do that, a server too. */
export function mergePath(received: ReceivedPath): MergedPath {
  const { suite, tree, sender, updatePath } = received;
  const path = filteredDirectPath(tree, sender);
  validateShape(received, path);
  // Copies, as of the leaf: the tree must not keep the whole message.
  const publicKeys = updatePath.nodes.map((node) => node.encryptionKey.slice());
  validateNewKeys(received, publicKeys);
  const { nodes, leafParentHash } = pathNodes(suite, path, publicKeys);
  const found = parentHashOfLeaf(updatePath.leafNode);
  if (found === undefined || !equal(found, leafParentHash)) {
    refuse('PARENT_HASH_MISMATCH', 'R7.9.2-05', "the committer's leaf has another parent hash");
  }
  const editor = tree.edit();
  editor.replacePath(sender, updatePath.leafNode, nodes);
  return { tree: editor.finish(), path };
}

// §7.6: as many nodes as the filtered direct path, as many ciphertexts as each resolution.
function validateShape({ updatePath, newLeaves }: ReceivedPath, path: readonly PathStep[]): void {
  if (updatePath.nodes.length !== path.length) {
    refuse('INVALID_PATH', 'R7.6-01', `${path.length} path nodes expected, found ${updatePath.nodes.length}`);
  }
  for (const [position, step] of path.entries()) {
    const found = updatePath.nodes[position]?.encryptedPathSecret.length;
    const expected = recipientsOf(step, newLeaves).length;
    if (found !== expected) {
      refuse('INVALID_PATH', 'R7.6-02', `${expected} ciphertexts expected, found ${found}`);
    }
  }
}

function validateNewKeys({ suite, tree, updatePath }: ReceivedPath, publicKeys: readonly Uint8Array[]): void {
  const seen = new Set<string>();
  for (const encryptionKey of [updatePath.leafNode.encryptionKey, ...publicKeys]) {
    validateEncryptionKey(encryptionKey, suite);
    if (tree.index.countEncryptionKey(encryptionKey) > 0) {
      refuse('DUPLICATE_KEY', 'R12.4.2-09', 'a key of the path occurs in the tree already');
    }
    seen.add(Buffer.from(encryptionKey).toString('latin1'));
  }
  if (seen.size !== updatePath.nodes.length + 1) {
    refuse('DUPLICATE_KEY', 'R12.4.2-10', 'two keys of the path are the same');
  }
}

/** What a member gets out of a path. */
export interface OpenedPath {
  readonly commitSecret: Uint8Array;
  /** The new private keys of nodes above the member. */
  readonly keys: PrivateTree;
}

/** Decrypts the path secret meant for a member and derives everything above (RFC 9420 §7.5). */
export function openPath(
  received: ReceivedPath,
  merged: MergedPath,
  member: { readonly leafIndex: LeafIndex; readonly keys: PrivateTree; readonly groupContext: Uint8Array },
): OpenedPath {
  const position = merged.path.findIndex(({ slot }) => isLeafBelow(member.leafIndex, slot.index));
  const step = required(merged.path[position], 'a common ancestor with the committer');
  const recipients = recipientsOf(step, received.newLeaves);
  const entry = recipients.findIndex((slot) => member.keys.has(slot.index));
  const recipient = recipients[entry];
  const privateKey = recipient && member.keys.get(recipient.index);
  const ciphertext = received.updatePath.nodes[position]?.encryptedPathSecret[entry];
  if (privateKey === undefined || ciphertext === undefined) {
    refuse('INVALID_PATH', 'R7.5-08', 'no path secret is encrypted to this member');
  }
  const pathSecret = decryptPathSecret(received.suite, privateKey, ciphertext, member.groupContext);
  return derivePath(received.suite, pathSecret, expectedKeys(received, merged, position));
}

function decryptPathSecret(
  suite: CipherSuite,
  privateKey: Uint8Array,
  ciphertext: Parameters<typeof decryptWithLabel>[2]['ciphertext'],
  context: Uint8Array,
): Uint8Array {
  try {
    const pathSecret = decryptWithLabel(suite, privateKey, { label: 'UpdatePathNode', context, ciphertext });
    if (pathSecret.length === suite.kdf.size) return pathSecret;
    wipe(pathSecret);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    refuse('INVALID_PATH', 'R12.4.2-11', 'the path secret does not decrypt', error);
  }
  refuse('INVALID_PATH', 'R12.4.2-11', 'the path secret has the wrong length');
}

type ExpectedKey = readonly [index: NodeIndex, publicKey: Uint8Array];

function expectedKeys({ updatePath }: ReceivedPath, { path }: MergedPath, from: number): ExpectedKey[] {
  return path.slice(from).map(({ slot }, offset) => {
    const node = required(updatePath.nodes[from + offset], 'a path node');
    return [slot.index, node.encryptionKey];
  });
}

/**
 * Derives the keys of nodes upwards from a path secret and compares them with the public ones (R7.5-09).
 * The path secret is consumed; of a path that is refused nothing is left (R7.5-10).
 */
export function derivePath(
  suite: CipherSuite,
  first: Uint8Array,
  expected: readonly ExpectedKey[],
  requirement = 'R7.5-09',
): OpenedPath {
  const keys = new Map<NodeIndex, Uint8Array>();
  let secret = first;
  return wipeOnRefusal(
    () => [secret, ...keys.values()],
    () => {
      for (const [index, publicKey] of expected) {
        const keyPair = nodeKeyPair(suite, secret);
        keys.set(index, keyPair.privateKey);
        if (!equal(keyPair.publicKey, publicKey)) {
          refuse('INVALID_PATH', requirement, `the path secret does not belong to the key of node ${index}`);
        }
        const next = nextPathSecret(suite, secret);
        wipe(secret);
        secret = next;
      }
      return { commitSecret: secret, keys };
    },
  );
}
