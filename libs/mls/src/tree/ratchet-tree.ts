/**
 * The ratchet tree as a value, and the changes that proposals and commits make to it (RFC 9420 §4.1, §7.7, §12.1).
 *
 * @module
 */

import { InternalError } from '../errors.ts';
import type { LeafNode } from './leaf-node.ts';
import {
  leafOfNode,
  levelOf,
  nodeOfLeaf,
  toLeafIndex,
  toNodeIndex,
  type LeafIndex,
  type NodeIndex,
} from './math.ts';
import { countWhile } from './ordered.ts';
import type { ParentNode } from './parent-node.ts';
import {
  blankSlot,
  childrenTowards,
  findSlot,
  leafSlot,
  membersOf,
  parentSlot,
  type LeafSlot,
  type ParentSlot,
  type Slot,
} from './slot.ts';
import { TreeIndex, TreeIndexDelta } from './tree-index.ts';

/** A member of a tree: its place and its leaf. */
export interface Member {
  readonly leafIndex: LeafIndex;
  readonly leafNode: LeafNode;
}

/** An immutable ratchet tree; `edit` makes a changed one that shares what was not touched. */
export class RatchetTree {
  readonly root: Slot;
  readonly index: TreeIndex;

  constructor(root: Slot, index: TreeIndex) {
    this.root = root;
    this.index = index;
  }

  /** Makes the tree of a group of one (RFC 9420 §11). */
  static ofOne(leaf: LeafNode): RatchetTree {
    const delta = new TreeIndexDelta();
    delta.replace(undefined, leaf);
    return new RatchetTree(leafSlot(toLeafIndex(0), leaf), TreeIndex.from(delta));
  }

  /** How many leaves the tree has room for, a power of two. */
  get leafCount(): number {
    return this.root.index + 1;
  }

  /** How many members the group has. */
  get memberCount(): number {
    return membersOf(this.root);
  }

  /** Gives the place of a node. The index has to be one of this tree. */
  slot(index: NodeIndex): Slot {
    return findSlot(this.root, index);
  }

  /** Finds the leaf at an index; undefined for a blank one and for an index outside of the tree. */
  findLeaf(leafIndex: number): LeafNode | undefined {
    if (leafIndex >= this.leafCount) return undefined;
    const slot = this.slot(nodeOfLeaf(toLeafIndex(leafIndex)));
    return slot.kind === 'leaf' ? slot.node : undefined;
  }

  /** Gives the places above a leaf, from its parent to the root (RFC 9420 §4.1.2: the direct path). */
  directPath(leafIndex: LeafIndex): readonly ParentSlot[] {
    const path: ParentSlot[] = [];
    for (let slot = this.root; slot.kind === 'parent'; slot = childrenTowards(slot, leafIndex).on)
      path.push(slot);
    return path.toReversed();
  }

  /** Walks over the members from left to right. */
  *members(): Generator<Member> {
    for (const slot of leavesOf(this.root)) {
      if (slot.node !== undefined) yield { leafIndex: leafOfNode(slot.index), leafNode: slot.node };
    }
  }

  /** Starts a change; this tree stays as it is. */
  edit(): TreeEditor {
    return new TreeEditor(this);
  }
}

function* leavesOf(slot: Slot): Generator<LeafSlot> {
  if (membersOf(slot) === 0) return;
  if (slot.kind === 'leaf') {
    yield slot;
    return;
  }
  yield* leavesOf(slot.left);
  yield* leavesOf(slot.right);
}

/** Collects changes to a tree; `finish` gives the changed tree. */
export class TreeEditor {
  readonly #base: RatchetTree;
  readonly #delta = new TreeIndexDelta();
  #root: Slot;

  constructor(base: RatchetTree) {
    this.#base = base;
    this.#root = base.root;
  }

  /** Puts a leaf into the leftmost blank place, extending a full tree (RFC 9420 §12.1.1, §7.7). */
  addLeaf(leaf: LeafNode): LeafIndex {
    const leafIndex = this.leftmostBlank();
    this.#replacePath(leafIndex, leaf, ({ node }) => node && withUnmerged(node, leafIndex));
    return leafIndex;
  }

  /** Gives the leftmost blank leaf; extends the tree where there is none (RFC 9420 §7.7, §12.4.1). */
  leftmostBlank(): LeafIndex {
    if (membersOf(this.#root) === this.#root.index + 1) this.#extend();
    let slot = this.#root;
    while (slot.kind === 'parent') {
      slot = membersOf(slot.left) < 2 ** levelOf(slot.left.index) ? slot.left : slot.right;
    }
    return leafOfNode(slot.index);
  }

  /** Replaces a leaf and blanks every node above it (RFC 9420 §12.1.2). */
  updateLeaf(leafIndex: LeafIndex, leaf: LeafNode): void {
    this.#replacePath(leafIndex, leaf, () => undefined);
  }

  /** Blanks a leaf and every node above it (RFC 9420 §12.1.3). The tree is truncated by `truncate`. */
  removeLeaf(leafIndex: LeafIndex): void {
    this.#replacePath(leafIndex, undefined, () => undefined);
  }

  /** Drops the right half as long as it has no member (RFC 9420 §7.7). */
  truncate(): void {
    while (this.#root.kind === 'parent' && membersOf(this.#root.right) === 0) {
      this.#forget(this.#root.right);
      this.#delta.replace(this.#root.node, undefined);
      this.#root = this.#root.left;
    }
  }

  /** Replaces a leaf and the nodes above it: those that the map names are set, the others blanked (RFC 9420 §7.5). */
  replacePath(leafIndex: LeafIndex, leaf: LeafNode, nodes: ReadonlyMap<NodeIndex, ParentNode>): void {
    this.#replacePath(leafIndex, leaf, ({ index }) => nodes.get(index));
  }

  /** Gives the changed tree. */
  finish(): RatchetTree {
    return new RatchetTree(this.#root, this.#base.index.changedBy(this.#delta));
  }

  #extend(): void {
    const index = toNodeIndex(2 * this.#root.index + 1);
    const right = toNodeIndex(index + (index + 1) / 2);
    this.#root = parentSlot(index, undefined, this.#root, blankSlot(right));
  }

  // Truncated places have no leaf, but hostile input may have left a key in a parent there.
  #forget(slot: Slot): void {
    if (slot.kind === 'leaf') return;
    this.#delta.replace(slot.node, undefined);
    this.#forget(slot.left);
    this.#forget(slot.right);
  }

  #replacePath(
    leafIndex: LeafIndex,
    leaf: LeafNode | undefined,
    change: (slot: ParentSlot) => ParentNode | undefined,
  ): void {
    this.#root = this.#replaceBelow(this.#root, leafIndex, leaf, change);
  }

  #replaceBelow(
    slot: Slot,
    leafIndex: LeafIndex,
    leaf: LeafNode | undefined,
    change: (slot: ParentSlot) => ParentNode | undefined,
  ): Slot {
    if (slot.kind === 'leaf') {
      if (slot.index !== nodeOfLeaf(leafIndex)) throw new InternalError('a leaf outside of the tree');
      this.#delta.replace(slot.node, leaf);
      return leafSlot(leafIndex, leaf);
    }
    const node = change(slot);
    this.#delta.replace(slot.node, node);
    const { on } = childrenTowards(slot, leafIndex);
    const replaced = this.#replaceBelow(on, leafIndex, leaf, change);
    return on === slot.left
      ? parentSlot(slot.index, node, replaced, slot.right)
      : parentSlot(slot.index, node, slot.left, replaced);
  }
}

// §7.1: the list is sorted, without duplicates.
function withUnmerged(node: ParentNode, leafIndex: LeafIndex): ParentNode {
  const { unmergedLeaves: before } = node;
  const place = countWhile(before, (leaf) => leaf < leafIndex);
  return { ...node, unmergedLeaves: before.toSpliced(place, 0, leafIndex) };
}
