/**
 * What the floor of an operation is asked with: the primitives that RFC 9420 demands and nothing around them.
 *
 * @module
 */

import type { BackEndName } from '@canopy/crypto';

import type { OperationName } from '../operations.ts';

/** The sizes that decide how many primitives an operation takes; read off the real messages and trees of the run. */
export interface Shape {
  readonly suite: number;
  /** Members of the group, before the operation. */
  readonly members: number;
  /** Leaves that the tree has room for. */
  readonly leafCount: number;
  /** The commit of the operation, where there is one. */
  readonly commit?: CommitShape;
  /** The tree that a joiner verifies. */
  readonly tree?: JoinShape;
  /** Bytes of the Welcome's or external joiner's GroupInfo. */
  readonly groupInfoBytes: number;
  /** Bytes of a KeyPackage. */
  readonly keyPackageBytes: number;
  /** Bytes of a leaf. */
  readonly leafBytes: number;
  /** Bytes of the GroupContext. */
  readonly groupContextBytes: number;
  /** Bytes of application data. */
  readonly dataBytes: number;
}

/** A commit. */
export interface CommitShape {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** For each node of its path, leaf to root, the ciphertexts; undefined for a commit without a path. */
  readonly path: readonly number[] | undefined;
  /** How many nodes of the path the receiver derives, from the common ancestor up. */
  readonly derived: number;
  /** KeyPackages that it adds, by value or by reference. */
  readonly added: number;
  /** Proposals by reference. */
  readonly references: number;
  /** Nodes whose tree hash it changes. */
  readonly changedNodes: number;
}

/** A tree that is verified as a whole. */
export interface JoinShape {
  readonly leaves: number;
  /** Parents that are not blank. */
  readonly parents: number;
  /** All places of the tree: each is hashed once. */
  readonly nodes: number;
  /** Nodes that the joiner derives keys for. */
  readonly derived: number;
  /** Hashes of subtrees as they were before unmerged leaves were added (RFC 9420 §7.9). */
  readonly originalHashes: number;
}

/** Runs the primitives of one operation once. */
export type FloorRun = () => Promise<void> | void;

/** Prepares the inputs (keys, ciphertexts, signatures) of an operation's primitives on a back end, outside of what is measured. */
export type PrepareFloor = (
  operation: OperationName,
  shape: Shape,
  backEnd: BackEndName,
) => FloorRun | undefined;
