import type { CommitShape, Shape } from '../../src/floor/floor.ts';
import { operationNames, type OperationName } from '../../src/operations.ts';

/** A commit with a path in a group of two: one node above the two leaves. */
export const commitOfTwo: CommitShape = {
  bytes: 700,
  path: [1],
  derived: 1,
  added: 0,
  references: 0,
  changedNodes: 2,
};

/** A commit in a full tree of eight leaves, in which one node of the copath is blank, so that there are two to encrypt to. */
export const commitOfEight: CommitShape = {
  ...commitOfTwo,
  bytes: 1100,
  path: [1, 1, 2],
  derived: 3,
  changedNodes: 4,
};

/** A group of two, with all parts that operations ask for. */
export const two = {
  suite: 1,
  members: 2,
  leafCount: 2,
  commit: commitOfTwo,
  tree: { leaves: 2, parents: 1, nodes: 3, derived: 1, originalHashes: 0 },
  groupInfoBytes: 1000,
  keyPackageBytes: 330,
  leafBytes: 210,
  groupContextBytes: 140,
  dataBytes: 100,
} as const satisfies Shape;

/** A full group of eight. */
export const eight: Shape = {
  ...two,
  members: 8,
  leafCount: 8,
  commit: commitOfEight,
  tree: { leaves: 8, parents: 7, nodes: 15, derived: 3, originalHashes: 0 },
};

/** The operations that take primitives. */
export const floored: readonly OperationName[] = operationNames.filter(
  (name) => !name.startsWith('save') && name !== 'load',
);
