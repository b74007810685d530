/**
 * The tree of secrets that each member's message keys come from (RFC 9420 §9).
 *
 * ```
 *                 encryption_secret
 *                  /             \
 *            "left"               "right"
 *            /    \               /     \
 *         …        …           …          tree_node_[leaf]_secret
 *                                             /            \
 *                                  "handshake" ratchet   "application" ratchet
 * ```
 *
 * Secrets are derived only when they are needed; a node's secret is overwritten as soon as its children's exist.
 *
 * @module
 */

import { expandWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { isLeaf, leftOf, nodeOfLeaf, rightOf, rootOf, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import { HashRatchet, type HashRatchetState } from './hash-ratchet.ts';

/** Which of a sender's two ratchets: handshake messages or application messages (RFC 9420 §9.1). */
export type RatchetKind = 'handshake' | 'application';

interface Ratchets {
  readonly handshake: HashRatchet;
  readonly application: HashRatchet;
}

/** What of a secret tree is stored. */
export interface SecretTreeState {
  readonly leafCount: number;
  readonly nodes: readonly (readonly [NodeIndex, Uint8Array])[];
  readonly ratchets: readonly (readonly [LeafIndex, Record<RatchetKind, HashRatchetState>])[];
}

const LEFT = new TextEncoder().encode('left');
const RIGHT = new TextEncoder().encode('right');
const EMPTY = new Uint8Array(0);

/** Gives each sender's ratchets; the one thing in a group's state that changes in place (RFC 9420 §9.2). */
export class SecretTree {
  readonly #suite: CipherSuite;
  readonly #leafCount: number;
  readonly #nodes: Map<NodeIndex, Uint8Array>;
  readonly #ratchets: Map<LeafIndex, Ratchets>;

  constructor(suite: CipherSuite, state: SecretTreeState) {
    this.#suite = suite;
    this.#leafCount = state.leafCount;
    this.#nodes = new Map(state.nodes);
    this.#ratchets = new Map(
      state.ratchets.map(([leaf, { handshake, application }]) => [
        leaf,
        { handshake: new HashRatchet(suite, handshake), application: new HashRatchet(suite, application) },
      ]),
    );
  }

  /** Makes the tree of an epoch. The encryption secret is taken over (RFC 9420 §9). */
  static start(suite: CipherSuite, encryptionSecret: Uint8Array, leafCount: number): SecretTree {
    return new SecretTree(suite, { leafCount, nodes: [[rootOf(leafCount), encryptionSecret]], ratchets: [] });
  }

  /** The state to be stored; it shares the secrets. */
  get state(): SecretTreeState {
    return {
      leafCount: this.#leafCount,
      nodes: [...this.#nodes],
      ratchets: Array.from(this.#ratchets, ([leaf, { handshake, application }]) => [
        leaf,
        { handshake: handshake.state, application: application.state },
      ]),
    };
  }

  /** Gives a sender's ratchet, deriving it when it is used for the first time. The leaf has to be inside of the tree. */
  ratchet(leaf: LeafIndex, kind: RatchetKind): HashRatchet {
    const ratchets = this.#ratchets.get(leaf) ?? this.#startRatchets(leaf);
    return ratchets[kind];
  }

  /** Overwrites everything. */
  wipe(): void {
    wipe(...this.#nodes.values());
    this.#nodes.clear();
    for (const { handshake, application } of this.#ratchets.values()) {
      handshake.wipe();
      application.wipe();
    }
    this.#ratchets.clear();
  }

  #startRatchets(leaf: LeafIndex): Ratchets {
    const secret = this.#takeLeafSecret(leaf);
    const derive = (label: RatchetKind): Uint8Array =>
      expandWithLabel(this.#suite, secret, { label, context: EMPTY, length: this.#suite.kdf.size });
    const ratchets = {
      handshake: HashRatchet.start(this.#suite, derive('handshake')),
      application: HashRatchet.start(this.#suite, derive('application')),
    };
    wipe(secret);
    this.#ratchets.set(leaf, ratchets);
    return ratchets;
  }

  #takeLeafSecret(leaf: LeafIndex): Uint8Array {
    const target = nodeOfLeaf(leaf);
    let node = rootOf(this.#leafCount);
    while (!isLeaf(node)) {
      this.#splitNode(node);
      const left = required(leftOf(node), 'the left child of a parent');
      node = target < node ? left : required(rightOf(node), 'the right child of a parent');
    }
    const secret = required(this.#nodes.get(target), 'the secret of a leaf that has no ratchet yet');
    this.#nodes.delete(target);
    return secret;
  }

  // §9.2: once both children are derived, the parent's secret is consumed.
  #splitNode(node: NodeIndex): void {
    const secret = this.#nodes.get(node);
    const left = leftOf(node);
    const right = rightOf(node);
    if (secret === undefined || left === undefined || right === undefined) return;
    const length = this.#suite.kdf.size;
    this.#nodes.set(left, expandWithLabel(this.#suite, secret, { label: 'tree', context: LEFT, length }));
    this.#nodes.set(right, expandWithLabel(this.#suite, secret, { label: 'tree', context: RIGHT, length }));
    this.#nodes.delete(node);
    wipe(secret);
  }
}
