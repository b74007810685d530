/**
 * How a group begins: with one member (RFC 9420 §11).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { IdentityQuestion } from '../credentials/identity.ts';
import type { Extension } from '../extensions/extension.ts';
import { leafOf, type ClientIdentity } from '../key-packages/client-identity.ts';
import { createKeyPackageLeaf } from '../key-packages/create-key-package.ts';
import { ProtocolVersion } from '../registries.ts';
import { presentedSendersOf, type GroupContext } from '../schedule/group-context.ts';
import { deriveFromEpochSecret } from '../schedule/key-schedule.ts';
import type { Lifetime } from '../tree/lifetime.ts';
import { nodeOfLeaf, toLeafIndex } from '../tree/math.ts';
import { RatchetTree } from '../tree/ratchet-tree.ts';
import { treeHash } from '../tree/tree-hash.ts';
import { demandsOf, validateLeafNode, validateSupport } from '../tree/validate-leaf-node.ts';
import { firstState } from './first-state.ts';
import { leafValidation, type Ports } from './ports.ts';
import type { GroupState } from './state.ts';

/** What a group begins with. */
export interface GroupRequest {
  readonly suite: CipherSuite;
  /** Collision free by itself, as `createGroupId` makes it (R11-05). */
  readonly groupId: Uint8Array;
  readonly identity: ClientIdentity;
  readonly lifetime: Lifetime;
  /** The extensions of the GroupContext. */
  readonly extensions: readonly Extension[];
  readonly grease: boolean;
}

/** Makes an id that no other group has, whoever makes one: as many random bytes as a hash has (RFC 9420 §11). */
export function createGroupId(suite: CipherSuite): Uint8Array {
  return suite.random(suite.hash.size);
}

/** Gives what the application has to be asked before a group is made (R5.3.1-06). */
export function questionsOfGroup({ suite, identity, extensions }: GroupRequest): readonly IdentityQuestion[] {
  const presented = [leafOf(identity, suite), ...presentedSendersOf({ extensions })];
  return presented.map((one) => ({ kind: 'credential', presented: one }));
}

/** Makes a group of one at epoch 0 (RFC 9420 §11). */
export function createGroup(request: GroupRequest, ports: Ports): GroupState {
  const { suite, groupId, extensions, identity } = request;
  const { leafNode, encryptionPrivateKey } = createKeyPackageLeaf(request);
  validateLeafNode(leafNode, undefined, leafValidation(suite, ports, true));
  validateSupport(leafNode, demandsOf({ extensions }));
  for (const sender of presentedSendersOf({ extensions })) ports.identities.requireValid(sender);
  const tree = RatchetTree.ofOne(leafNode);
  const groupContext: GroupContext = {
    version: ProtocolVersion.mls10,
    cipherSuite: suite.id,
    groupId,
    epoch: 0n,
    treeHash: treeHash(suite, tree.root),
    confirmedTranscriptHash: new Uint8Array(0),
    extensions,
  };
  const epoch = deriveFromEpochSecret(suite, suite.random(suite.kdf.size));
  const ownLeafIndex = toLeafIndex(0);
  return firstState({
    suite,
    groupContext,
    tree,
    ownLeafIndex,
    keys: new Map([[nodeOfLeaf(ownLeafIndex), encryptionPrivateKey]]),
    signaturePrivateKey: identity.signatureKeyPair.privateKey,
    epoch,
    // §11: the tag over the empty transcript, from which the first interim hash follows (text note T-01).
    confirmationTag: suite.mac.compute(epoch.secrets.confirmationKey, groupContext.confirmedTranscriptHash),
  });
}
