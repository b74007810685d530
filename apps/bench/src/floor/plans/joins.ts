/**
 * Coming into a group (RFC 9420 §10, §12.4.3).
 *
 * @module
 */

import type { JoinShape, Shape } from '../floor.ts';
import { sign, verifyHeld, verifyReceived, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { enterEpoch, groupSecretsBytes } from './commits.ts';
import { confirmationTag, epochSecrets, interimTranscriptHash } from './epoch.ts';
import { exportSecret, openOwn } from './hpke.ts';
import { expandWithLabel, keyAndNonce } from './kdf.ts';
import { signedContent } from './messages.ts';
import { commitOf, pathOf, treeOf } from './parts.ts';
import {
  blankTreeHashes,
  changedTreeHashes,
  createPath,
  leafHashes,
  nodeKeys,
  parentHashes,
  parentTreeHashes,
} from './tree.ts';

/** Makes a KeyPackage: init key, leaf key, two signatures (RFC 9420 §10). */
export function createKeyPackage(_suite: SuiteParameters, shape: Shape): readonly Step[] {
  return [{ kind: 'generate-key-pair', times: 2 }, sign(shape.leafBytes), sign(shape.keyPackageBytes)];
}

/** Joins by a Welcome (RFC 9420 §12.4.3.1). */
export function join(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const tree = treeOf(shape);
  const { groupInfoBytes } = shape;
  return [
    ...openOwn(suite, {
      context: groupInfoBytes,
      plaintext: groupSecretsBytes(suite, tree.derived > 0),
    }),
    expandWithLabel('welcome'),
    ...keyAndNonce(suite, 0),
    { kind: 'open', bytes: groupInfoBytes, aad: 0, times: 1 },
    ...verifyGroup(suite, shape, tree),
    // No path secret is needed behind the last node: the commit secret went into the joiner secret.
    expandWithLabel('path', Math.max(0, tree.derived - 1)),
    ...nodeKeys(suite, tree.derived),
    ...epochSecrets(suite, shape),
    confirmationTag(suite),
    interimTranscriptHash(suite),
  ];
}

/** Joins by an external Commit, sent as a PublicMessage (RFC 9420 §8.3, §12.4.3.2). */
export function joinExternally(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const commit = commitOf(shape);
  return [
    ...verifyGroup(suite, shape, treeOf(shape)),
    { kind: 'encapsulate', key: 'received', times: 1 },
    ...exportSecret(suite),
    ...createPath(suite, shape, pathOf(commit), 'received'),
    ...changedTreeHashes(suite, shape, commit),
    sign(signedContent(shape, commit.bytes)),
    interimTranscriptHash(suite),
    ...enterEpoch(suite, shape, commit),
  ];
}

/** Verifies a GroupInfo and the whole tree. The signer's key is imported with its leaf (RFC 9420 §7.3, §7.8, §7.9.2, §12.4.3.1). */
function verifyGroup(suite: SuiteParameters, shape: Shape, tree: JoinShape): readonly Step[] {
  const { leaves, parents, nodes, originalHashes } = tree;
  return [
    verifyHeld(shape.groupInfoBytes),
    leafHashes(shape, leaves),
    parentTreeHashes(suite, parents + originalHashes),
    blankTreeHashes(suite, Math.max(0, nodes - leaves - parents)),
    parentHashes(suite, parents),
    verifyReceived([shape.leafBytes], leaves),
  ];
}
