/**
 * Making and processing commits (RFC 9420 §12.4.1, §12.4.2).
 *
 * @module
 */

import type { CommitShape, Shape } from '../floor.ts';
import { hash, sign, verifyHeld, verifyReceived, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { confirmationTag, firstEpoch, keySchedule, transcriptHashes } from './epoch.ts';
import { derivePrivateKeys, exportSecret, sealToEach } from './hpke.ts';
import { expandWithLabel, keyAndNonce } from './kdf.ts';
import { privateMessage, secretTreePath, signedContent } from './messages.ts';
import { commitOf, pathOf } from './parts.ts';
import { changedTreeHashes, createPath, leafHashes, processPath } from './tree.ts';

/** Makes a group, and a commit that adds all others (RFC 9420 §11, §12.4.1). */
export function createGroup(suite: SuiteParameters, shape: Shape): readonly Step[] {
  return [
    { kind: 'generate-key-pair', times: 1 },
    sign(shape.leafBytes),
    leafHashes(shape, 1),
    ...firstEpoch(suite),
    // In epoch 0 the secret tree is one leaf.
    ...createCommit(suite, { ...shape, leafCount: 1 }),
  ];
}

/** Makes a commit as a member (RFC 9420 §12.4.1). */
export function createCommit(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const commit = commitOf(shape);
  return [
    checkNewcomers(shape, commit),
    ...(commit.path === undefined ? [] : createPath(suite, shape, commit.path, 'held')),
    ...changedTreeHashes(suite, shape, commit),
    sign(signedContent(shape, commit.bytes)),
    ...enterEpoch(suite, shape, commit),
    ...handshakeRatchet(shape, commit),
    ...privateMessage(suite, 'seal', commit.bytes),
    ...createWelcome(suite, shape, commit),
  ];
}

/** Processes a commit as a member (RFC 9420 §12.4.2). */
export function processCommit(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const commit = commitOf(shape);
  const { path } = commit;
  return [
    ...handshakeRatchet(shape, commit),
    ...privateMessage(suite, 'open', commit.bytes),
    verifyHeld(signedContent(shape, commit.bytes)),
    checkNewcomers(shape, commit),
    ...(path === undefined
      ? []
      : [verifyHeld(shape.leafBytes), ...processPath(suite, shape, { ...commit, path })]),
    ...changedTreeHashes(suite, shape, commit),
    ...enterEpoch(suite, shape, commit),
  ];
}

/** Processes the commit of somebody who joins by it: a PublicMessage without membership tag (RFC 9420 §8.3, §12.4.3.2). */
export function processExternalCommit(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const commit = commitOf(shape);
  return [
    verifyReceived([signedContent(shape, commit.bytes), shape.leafBytes]),
    ...derivePrivateKeys(suite, 1),
    { kind: 'import-private-key', times: 1 },
    { kind: 'decapsulate', times: 1 },
    ...exportSecret(suite),
    ...processPath(suite, shape, { ...commit, path: pathOf(commit) }),
    ...changedTreeHashes(suite, shape, commit),
    ...enterEpoch(suite, shape, commit),
  ];
}

/** What everybody does who goes on to the commit's epoch (RFC 9420 §8). */
export function enterEpoch(suite: SuiteParameters, shape: Shape, commit: CommitShape): readonly Step[] {
  return [...transcriptHashes(suite, commit), ...keySchedule(suite, shape), confirmationTag(suite)];
}

/** Verifies the leaf and the KeyPackage of each addition by value; those by reference were verified on receipt (RFC 9420 §10.1). */
function checkNewcomers({ leafBytes, keyPackageBytes }: Shape, { added, references }: CommitShape): Step {
  return verifyReceived([leafBytes, keyPackageBytes], Math.max(0, added - references));
}

/** A commit is the first message of its epoch, unless proposals came before it. */
function handshakeRatchet({ leafCount }: Shape, { references }: CommitShape): readonly Step[] {
  return references > 0 ? [] : secretTreePath(leafCount);
}

/** Makes the Welcome of a commit (RFC 9420 §12.4.3.1). */
function createWelcome(suite: SuiteParameters, shape: Shape, commit: CommitShape): readonly Step[] {
  const { added, path } = commit;
  if (added === 0) return [];
  const { groupInfoBytes, keyPackageBytes } = shape;
  return [
    sign(groupInfoBytes),
    expandWithLabel('welcome'),
    ...keyAndNonce(suite, 0),
    { kind: 'seal', bytes: groupInfoBytes, aad: 0, times: 1 },
    hash(keyPackageBytes, added),
    ...sealToEach(suite, {
      context: groupInfoBytes,
      plaintext: groupSecretsBytes(suite, path !== undefined),
      key: 'received',
      times: added,
    }),
  ];
}

/** Bytes of GroupSecrets: the joiner secret, maybe a path secret, no PSKs (RFC 9420 §12.4.3.1). */
export function groupSecretsBytes({ hash: { size } }: SuiteParameters, hasPathSecret: boolean): number {
  const secret = 1 + size;
  return secret + 1 + (hasPathSecret ? secret : 0) + 1;
}
