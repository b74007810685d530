/**
 * What a commit does to the tree: path, parent hashes, tree hashes (RFC 9420 §7).
 *
 * @module
 */

import type { CommitShape, Shape } from '../floor.ts';
import { hash, sign, type KeyOrigin, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { deriveKeyPairs, openOwn, sealToEach } from './hpke.ts';
import { expandWithLabel, LENGTH_SIZE } from './kdf.ts';

/** Node type, leaf index, presence (RFC 9420 §7.8: LeafNodeHashInput). */
const LEAF_HEADER = 6;
/** Node type and presence (RFC 9420 §7.8: ParentNodeHashInput). */
const PARENT_HEADER = 2;

/** Makes the keys of a path and encrypts them (RFC 9420 §7.4 to §7.6). */
export function createPath(
  suite: SuiteParameters,
  shape: Shape,
  path: readonly number[],
  recipients: KeyOrigin,
): readonly Step[] {
  return [
    ...pathKeys(suite, path.length),
    { kind: 'generate-key-pair', times: 1 },
    parentHashes(suite, path.length),
    sign(shape.leafBytes),
    ...sealToEach(suite, {
      context: shape.groupContextBytes,
      plaintext: suite.hash.size,
      key: recipients,
      times: path.reduce((sum, ciphertexts) => sum + ciphertexts, 0),
    }),
  ];
}

/** Takes over what everybody, and what this member learns from a path; the leaf's signature apart (RFC 9420 §7.5, §7.9.2). */
export function processPath(
  suite: SuiteParameters,
  shape: Shape,
  commit: CommitShape & { readonly path: readonly number[] },
): readonly Step[] {
  return [
    parentHashes(suite, commit.path.length),
    ...openOwn(suite, { context: shape.groupContextBytes, plaintext: suite.hash.size }),
    ...pathKeys(suite, commit.derived),
  ];
}

/** From a path secret to so many nodes' key pairs, and to the secret behind the last: the commit secret (RFC 9420 §7.4). */
function pathKeys(suite: SuiteParameters, nodes: number): readonly Step[] {
  return [expandWithLabel('path', nodes), ...nodeKeys(suite, nodes)];
}

/** From path secrets to key pairs (RFC 9420 §7.4). */
export function nodeKeys(suite: SuiteParameters, nodes: number): readonly Step[] {
  return [expandWithLabel('node', nodes), ...deriveKeyPairs(suite, nodes)];
}

/** Computes parent hashes; the siblings' tree hashes are there already (RFC 9420 §7.9). */
export function parentHashes({ kem, hash: { size } }: SuiteParameters, times: number): Step {
  return hash(kem.publicKeySize + 2 * size + 3 * LENGTH_SIZE, times);
}

/** Computes the tree hashes that a commit changes (RFC 9420 §7.8). */
export function changedTreeHashes(
  suite: SuiteParameters,
  shape: Shape,
  commit: CommitShape,
): readonly Step[] {
  const leaves = Math.min(commit.changedNodes, commit.added + (commit.path === undefined ? 0 : 1));
  return [leafHashes(shape, leaves), parentTreeHashes(suite, commit.changedNodes - leaves)];
}

/** Hashes leaves (RFC 9420 §7.8). */
export function leafHashes({ leafBytes }: Shape, times: number): Step {
  return hash(LEAF_HEADER + leafBytes, times);
}

/** Hashes parents, with no unmerged leaves (RFC 9420 §7.8). */
export function parentTreeHashes({ kem, hash: { size } }: SuiteParameters, times: number): Step {
  return hash(PARENT_HEADER + kem.publicKeySize + 3 * size + 4 * LENGTH_SIZE, times);
}

/** Hashes places without a node: blank parents, above all (RFC 9420 §7.8). */
export function blankTreeHashes({ hash: { size } }: SuiteParameters, times: number): Step {
  return hash(PARENT_HEADER + 2 * size + 2 * LENGTH_SIZE, times);
}
