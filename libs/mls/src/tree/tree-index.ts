/**
 * What has to be known about the whole tree at once, kept in step with it: which keys occur, what members support.
 *
 * @module
 */

import { CredentialType } from '../registries.ts';
import type { Capabilities } from './capabilities.ts';
import type { LeafNode } from './leaf-node.ts';
import type { ParentNode } from './parent-node.ts';
import { PersistentCounts } from './persistent-counts.ts';

/** The capability lists that are counted. */
export type CapabilityKind = 'extension' | 'proposal' | 'credential';

// No word begins with these.
const ENCRYPTION_KEY = 0;
const SIGNATURE_KEY = 1;
const scratch = Buffer.alloc(256);

// One text in one piece: a prefix and a text joined would take twice the memory, for each key of the tree.
function keyEntry(kind: number, key: Uint8Array): string {
  const bytes = key.length < scratch.length ? scratch : Buffer.alloc(key.length + 1);
  bytes[0] = kind;
  bytes.set(key, 1);
  return bytes.toString('latin1', 0, key.length + 1);
}

const encryptionKeyEntry = (key: Uint8Array): string => keyEntry(ENCRYPTION_KEY, key);
const signatureKeyEntry = (key: Uint8Array): string => keyEntry(SIGNATURE_KEY, key);
const supportEntry = (kind: CapabilityKind, type: number): string => `${kind}:${type}`;
const CREDENTIAL_IN_USE = 'in-use:';

// Members with the same make of client share their capabilities, and so these texts.
const knownSupport = new WeakMap<Capabilities, readonly string[]>();

function supportEntries(capabilities: Capabilities): readonly string[] {
  const known = knownSupport.get(capabilities);
  if (known !== undefined) return known;
  const { extensions, proposals, credentials } = capabilities;
  // A type that is listed twice is supported once.
  const entries = [
    ...Array.from(new Set(extensions), (type) => supportEntry('extension', type)),
    ...Array.from(new Set(proposals), (type) => supportEntry('proposal', type)),
    ...Array.from(new Set(credentials), (type) => supportEntry('credential', type)),
  ];
  knownSupport.set(capabilities, entries);
  return entries;
}

function entriesOfLeaf(leaf: LeafNode): readonly string[] {
  return [
    encryptionKeyEntry(leaf.encryptionKey),
    signatureKeyEntry(leaf.signatureKey),
    `${CREDENTIAL_IN_USE}${leaf.credential.credentialType}`,
    ...supportEntries(leaf.capabilities),
  ];
}

const isLeaf = (node: LeafNode | ParentNode): node is LeafNode => 'signatureKey' in node;

/** Collects changes of nodes until they are turned into the index of the changed tree. */
export class TreeIndexDelta {
  readonly #changes = new Map<string, number>();

  /** Notes that a node took the place of another; undefined for blank. */
  replace(before: LeafNode | ParentNode | undefined, after: LeafNode | ParentNode | undefined): void {
    if (before === after) return;
    this.#count(before, -1);
    this.#count(after, 1);
  }

  /** The changes of the counts. */
  get changes(): Map<string, number> {
    return this.#changes;
  }

  #count(node: LeafNode | ParentNode | undefined, by: 1 | -1): void {
    if (node === undefined) return;
    const entries = isLeaf(node) ? entriesOfLeaf(node) : [encryptionKeyEntry(node.encryptionKey)];
    for (const entry of entries) this.#changes.set(entry, (this.#changes.get(entry) ?? 0) + by);
  }
}

/** Answers questions about all nodes of one tree without walking it. */
export class TreeIndex {
  readonly #counts: PersistentCounts;

  private constructor(counts: PersistentCounts) {
    this.#counts = counts;
  }

  /** Makes the index of a tree from all of its nodes. */
  static from(delta: TreeIndexDelta): TreeIndex {
    return new TreeIndex(PersistentCounts.from(delta.changes));
  }

  /** Makes the index of a changed tree. */
  changedBy(delta: TreeIndexDelta): TreeIndex {
    return new TreeIndex(this.#counts.changedBy(delta.changes));
  }

  /** Gives how many nodes, leaves and parents, have an encryption key. */
  countEncryptionKey(key: Uint8Array): number {
    return this.#counts.get(encryptionKeyEntry(key));
  }

  /** Gives how many leaves have a signature key. */
  countSignatureKey(key: Uint8Array): number {
    return this.#counts.get(signatureKeyEntry(key));
  }

  /** Gives how many members list a type among their capabilities. */
  countSupport(kind: CapabilityKind, type: number): number {
    return this.#counts.get(supportEntry(kind, type));
  }

  /** Gives the credential types that members use. */
  credentialTypesInUse(): readonly number[] {
    return Object.values(CredentialType).filter(
      (type) => this.#counts.get(`${CREDENTIAL_IN_USE}${type}`) > 0,
    );
  }
}
