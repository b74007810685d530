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
 * Secrets are derived only when they are needed; a node's secret is overwritten as soon as a message below it was sent
 * or accepted. The tree remembers what has moved, so that a message costs the store no more than that.
 *
 * @module
 */

import { wipe, type CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { isLeaf, leftOf, nodeOfLeaf, rightOf, rootOf, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import { deriveBranch, discardBranch, type Branch, type Origin } from './branch.ts';
import type { HashRatchet, HashRatchetState, Lookup, RatchetLimits, RatchetPart } from './hash-ratchet.ts';
import { makeRatchets, type RatchetKind, type Ratchets } from './ratchets.ts';
import {
  nameOf,
  placesOf,
  ratchetRecord,
  type SecretChange,
  type SecretPlace,
  type SecretRecord,
} from './secret-records.ts';

export type { RatchetKind } from './ratchets.ts';

/** What of a secret tree is stored. */
export interface SecretTreeState {
  readonly leafCount: number;
  readonly nodes: readonly (readonly [NodeIndex, Uint8Array])[];
  readonly ratchets: readonly (readonly [LeafIndex, Readonly<Record<RatchetKind, HashRatchetState>>])[];
}

/** Gives each sender's ratchets; the one thing in a group's state that changes in place (RFC 9420 §9.2). */
export class SecretTree {
  readonly #suite: CipherSuite;
  readonly #leafCount: number;
  readonly #nodes: Map<NodeIndex, Uint8Array>;
  readonly #ratchets: Map<LeafIndex, Ratchets>;
  /** What moved since it was last taken, by name; undefined as long as nobody has stored this tree. */
  #moved: Map<string, SecretPlace> | undefined;

  constructor(suite: CipherSuite, state: SecretTreeState) {
    this.#suite = suite;
    this.#leafCount = state.leafCount;
    this.#nodes = new Map(state.nodes);
    this.#ratchets = new Map(
      state.ratchets.map(([leaf, kinds]) => [leaf, makeRatchets(suite, kinds, this.#observer(leaf))]),
    );
  }

  /** Makes the tree of an epoch. The encryption secret is taken over (RFC 9420 §9). */
  static start(suite: CipherSuite, encryptionSecret: Uint8Array, leafCount: number): SecretTree {
    return new SecretTree(suite, { leafCount, nodes: [[rootOf(leafCount), encryptionSecret]], ratchets: [] });
  }

  /** Makes the tree that a store has: what moves from now on is a change. */
  static stored(suite: CipherSuite, state: SecretTreeState): SecretTree {
    const tree = new SecretTree(suite, state);
    tree.#moved = new Map();
    return tree;
  }

  /** The state as it is; it shares the secrets. */
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
    const ratchets = this.#ratchets.get(leaf) ?? this.#graft(this.#branch(leaf));
    return ratchets[kind];
  }

  /**
   * Looks up the key of a received message. Before it is consumed nothing has changed, even where the sender was never
   * heard before (R9.2-03). The leaf has to be inside of the tree.
   *
   * @throws MlsError GENERATION_CONSUMED for a replay, GENERATION_TOO_FAR beyond the limit (R15.3-04)
   */
  lookUp(leaf: LeafIndex, kind: RatchetKind, generation: number, limits: RatchetLimits): Lookup {
    const ratchets = this.#ratchets.get(leaf);
    if (ratchets !== undefined) return ratchets[kind].lookUp(generation, limits);
    return this.#lookUpFirst(this.#branch(leaf), kind, generation, limits);
  }

  /** Gives everything that there is to store. */
  records(): SecretRecord[] {
    return Array.from(this.#places(), (place) => ({
      name: nameOf(place),
      value: required(this.#recordAt(place), 'a secret that the tree has'),
    }));
  }

  /** Gives what moved since this was last called, or since the tree was read; the first time everything. */
  takeChanges(): SecretChange[] {
    const moved = this.#moved;
    this.#moved = new Map();
    return moved === undefined
      ? this.records()
      : Array.from(moved, ([name, place]) => ({ name, value: this.#recordAt(place) }));
  }

  /** Gives the deletion of everything that was stored. */
  takeDeletions(): SecretChange[] {
    for (const place of this.#places()) this.#note(place);
    const names = this.#moved?.keys() ?? [];
    this.#moved = undefined;
    return Array.from(names, (name) => ({ name, value: undefined }));
  }

  /** Takes everything as not stored yet. */
  forgetStored(): void {
    this.#moved = undefined;
  }

  /** Overwrites everything. */
  wipe(): void {
    for (const place of this.#places()) this.#note(place);
    wipe(...this.#nodes.values());
    this.#nodes.clear();
    for (const { handshake, application } of this.#ratchets.values()) {
      handshake.wipe();
      application.wipe();
    }
    this.#ratchets.clear();
  }

  #lookUpFirst(branch: Branch, kind: RatchetKind, generation: number, limits: RatchetLimits): Lookup {
    const { leaf } = branch;
    const lookup = lookUpIn(branch, kind, generation, limits);
    const discard = (): void => {
      lookup.discard();
      discardBranch(branch);
    };
    return {
      messageKey: lookup.messageKey,
      consume: () => {
        if (this.#nodes.get(branch.origin.node) === branch.origin.secret) {
          this.#graft(branch);
          lookup.consume();
          return;
        }
        // Another branch has grown out of the same node meanwhile, or the epoch is over.
        discard();
        if (this.#isOver) return;
        this.lookUp(leaf, kind, generation, limits).consume();
      },
      discard,
    };
  }

  get #isOver(): boolean {
    return this.#nodes.size === 0 && this.#ratchets.size === 0;
  }

  #branch(leaf: LeafIndex): Branch {
    const origin = required(this.#findOrigin(leaf), 'the secret of a leaf that has no ratchet yet');
    return deriveBranch(this.#suite, leaf, origin, this.#observer(leaf));
  }

  /** Finds the node above a leaf, or the leaf itself, that its secret is still to be derived from. */
  #findOrigin(leaf: LeafIndex): Origin | undefined {
    const target = nodeOfLeaf(leaf);
    let node = rootOf(this.#leafCount);
    while (!this.#nodes.has(node) && !isLeaf(node)) {
      node = required(target < node ? leftOf(node) : rightOf(node), 'the child of a parent');
    }
    const secret = this.#nodes.get(node);
    return secret && { node, secret };
  }

  // §9.2: with the branch in its place, the secret that it was derived from is consumed.
  #graft({ leaf, origin, beside, ratchets }: Branch): Ratchets {
    this.#nodes.delete(origin.node);
    this.#note({ node: origin.node });
    wipe(origin.secret);
    for (const [node, secret] of beside) {
      this.#nodes.set(node, secret);
      this.#note({ node });
    }
    this.#ratchets.set(leaf, ratchets);
    for (const place of placesOf(leaf, ratchets)) this.#note(place);
    return ratchets;
  }

  *#places(): Generator<SecretPlace> {
    for (const node of this.#nodes.keys()) yield { node };
    for (const [leaf, ratchets] of this.#ratchets) yield* placesOf(leaf, ratchets);
  }

  #recordAt(place: SecretPlace): Uint8Array | undefined {
    if ('node' in place) {
      const secret = this.#nodes.get(place.node);
      return secret && Uint8Array.from(secret);
    }
    const ratchets = this.#ratchets.get(place.leaf);
    return ratchets && ratchetRecord(ratchets[place.kind], place.part);
  }

  #note(place: SecretPlace): void {
    this.#moved?.set(nameOf(place), place);
  }

  #observer(leaf: LeafIndex): (kind: RatchetKind, part: RatchetPart) => void {
    return (kind, part) => this.#note({ leaf, kind, part });
  }
}

function lookUpIn(branch: Branch, kind: RatchetKind, generation: number, limits: RatchetLimits): Lookup {
  try {
    return branch.ratchets[kind].lookUp(generation, limits);
  } catch (error) {
    discardBranch(branch);
    throw error;
  }
}
