/**
 * How an added client enters a group (RFC 9420 §12.4.3.1).
 *
 * Two steps, because identities are judged outside: `openWelcome` decrypts and finds the tree, `joinByWelcome`
 * validates everything and gives the state. The joiner trusts nothing but signatures and its own key.
 *
 * @module
 */

import { decode, detached } from '@canopy/codec';
import { CryptoError, decryptWithLabel, equal, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { Inquiry } from '../group/ask-ahead.ts';
import { firstState } from '../group/first-state.ts';
import { leafValidation, type Ports } from '../group/ports.ts';
import { pskStoreOf, type GroupState } from '../group/state.ts';
import type { OwnKeyPackage } from '../key-packages/create-key-package.ts';
import { keyPackageRef } from '../key-packages/key-package.ts';
import { GroupContext } from '../schedule/group-context.ts';
import { deriveEpoch, deriveMemberSecret, deriveWelcomeKey } from '../schedule/key-schedule.ts';
import {
  derivePskSecret,
  findPsks,
  requireNonceSize,
  type PskStore,
  type SubgroupPsk,
} from '../schedule/psk.ts';
import { wipeOnRefusal } from '../schedule/wipe-on-refusal.ts';
import { filteredDirectPath } from '../tree/filtered-direct-path.ts';
import { LeafNode } from '../tree/leaf-node.ts';
import { commonAncestor, nodeOfLeaf, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import type { PrivateTree } from '../tree/private-tree.ts';
import { derivePath } from '../tree/process-path.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import { secretsOfEpoch, validateConfirmationTag } from './epoch-inputs.ts';
import { GroupInfo } from './group-info.ts';
import {
  requireOtherGroup,
  inquiryOfGroup,
  treeOf,
  validateGroup,
  validateGroupInfo,
  type IsMember,
} from './validate-group-info.ts';
import { findSubgroupPsk, validateSubgroup } from './validate-subgroup.ts';
import { GroupSecrets, type Welcome } from './welcome.ts';

/** A Welcome and what the client has for it. */
export interface WelcomeInput {
  readonly suite: CipherSuite;
  readonly welcome: Welcome;
  readonly keyPackage: OwnKeyPackage;
  /** The tree, when it does not travel inside of the Welcome. */
  readonly ratchetTree: RatchetTree | undefined;
  readonly psks: PskStore;
  /** The client's state of the group that this one continues or branches off (RFC 9420 §11.2, §11.3). */
  readonly oldGroup?: GroupState | undefined;
  /** Says whether the client is in a group already, by its id (R12.4.3-05). */
  readonly isMember?: IsMember | undefined;
}

/** A decrypted Welcome; nothing in it is validated yet but the signature of its GroupInfo. */
export interface OpenedWelcome {
  readonly input: WelcomeInput;
  readonly secrets: GroupSecrets;
  /** What ties the group to the given old one. */
  readonly subgroupPsk: SubgroupPsk | undefined;
  /** Consumed by `joinByWelcome`. */
  readonly memberSecret: Uint8Array;
  readonly groupInfo: GroupInfo;
  readonly tree: RatchetTree;
}

/** Decrypts a Welcome with the keys of one KeyPackage (RFC 9420 §12.4.3.1). A refusal leaves no secret behind (§9.2). */
export function openWelcome(input: WelcomeInput): OpenedWelcome {
  const { suite, welcome, keyPackage } = input;
  validateSuite(input);
  const secrets = openSecrets(suite, welcome, keyPackage);
  return wipeOnRefusal(
    () => [secrets.joinerSecret, secrets.pathSecret?.pathSecret],
    () => openWithSecrets(input, secrets),
  );
}

function openWithSecrets(input: WelcomeInput, secrets: GroupSecrets): OpenedWelcome {
  const { suite, welcome } = input;
  const subgroupPsk = validatePsks(secrets, input);
  const pskSecret = derivePskSecret(suite, findPsks(secrets.psks, pskStoreFor(input), 'R12.4.3.1-05'));
  const memberSecret = deriveMemberSecret(suite, secrets.joinerSecret, pskSecret);
  wipe(pskSecret, secrets.joinerSecret);
  return wipeOnRefusal(
    () => [memberSecret],
    () => {
      const groupInfo = openGroupInfo(suite, welcome, memberSecret);
      requireOtherGroup(groupInfo, input);
      const tree = treeOf(groupInfo, input.ratchetTree);
      validateGroupInfo(suite, groupInfo, tree);
      return { input, secrets, subgroupPsk, memberSecret, groupInfo, tree };
    },
  );
}

/** Gives what has to be found out before an opened Welcome can be joined: about every member (RFC 9420 §12.4.3.1). */
export function inquiryOfWelcome({
  input: { suite },
  tree,
  groupInfo: { groupContext },
}: OpenedWelcome): Inquiry {
  return inquiryOfGroup(suite, tree, groupContext);
}

/** Overwrites the secrets of an opened Welcome that is not joined after all (RFC 9420 §9.2). */
export function discardWelcome({ memberSecret, secrets }: OpenedWelcome): void {
  wipe(memberSecret, secrets.pathSecret?.pathSecret);
}

function validateSuite({ suite, welcome, keyPackage }: WelcomeInput): void {
  const { cipherSuite } = keyPackage.keyPackage;
  if (welcome.cipherSuite !== cipherSuite || cipherSuite !== suite.id) {
    refuse(
      'WRONG_CIPHER_SUITE',
      'R12.4.3.1-03',
      `cipher suite ${cipherSuite} expected, found ${welcome.cipherSuite}`,
    );
  }
}

function openSecrets(suite: CipherSuite, welcome: Welcome, own: OwnKeyPackage): GroupSecrets {
  const reference = keyPackageRef(suite, own.keyPackage);
  const entry = welcome.secrets.find(({ newMember }) => equal(newMember, reference));
  if (entry === undefined) {
    refuse('NO_MATCHING_KEY_PACKAGE', 'R12.4.3.1-02', 'the Welcome is not for this KeyPackage');
  }
  const ciphertext = entry.encryptedGroupSecrets;
  const context = welcome.encryptedGroupInfo;
  const plaintext = refuseUndecryptable('R12.4.3.1-04', () =>
    decryptWithLabel(suite, own.initPrivateKey, { label: 'Welcome', context, ciphertext }),
  );
  try {
    return decode(GroupSecrets, plaintext);
  } finally {
    wipe(plaintext);
  }
}

function refuseUndecryptable<T>(requirement: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof CryptoError)
      refuse('INVALID_WELCOME', requirement, 'the Welcome does not decrypt', error);
    throw error;
  }
}

function pskStoreFor({ oldGroup, psks }: WelcomeInput): PskStore {
  return oldGroup === undefined ? psks : pskStoreOf(oldGroup, psks);
}

/** A group that continues or branches off another one is joined as such, and no other (R12.4.3.1-20, R11.2-03). */
function validatePsks({ psks }: GroupSecrets, { suite, oldGroup }: WelcomeInput): SubgroupPsk | undefined {
  for (const id of psks) requireNonceSize(id, suite);
  const subgroupPsk = findSubgroupPsk(psks);
  if ((subgroupPsk === undefined) !== (oldGroup === undefined)) {
    const found = subgroupPsk === undefined ? 'none' : 'one';
    refuse(
      'INVALID_WELCOME',
      'R12.4.3.1-20',
      `a reinit or branch PSK goes with an old group, found ${found}`,
    );
  }
  return subgroupPsk;
}

function openGroupInfo(suite: CipherSuite, welcome: Welcome, memberSecret: Uint8Array): GroupInfo {
  const { key, nonce } = deriveWelcomeKey(suite, memberSecret);
  try {
    const bytes = refuseUndecryptable('R12.4.3.1-07', () =>
      suite.aead.open(key, nonce, new Uint8Array(0), welcome.encryptedGroupInfo),
    );
    return decode(GroupInfo, bytes);
  } finally {
    wipe(key, nonce);
  }
}

/** Validates an opened Welcome and gives the member's state (RFC 9420 §12.4.3.1). Its secrets are consumed, also by a refusal. */
export function joinByWelcome(opened: OpenedWelcome, ports: Ports): GroupState {
  return wipeOnRefusal(
    () => [opened.memberSecret, opened.secrets.pathSecret?.pathSecret],
    () => enterGroup(opened, ports),
  );
}

function enterGroup(opened: OpenedWelcome, ports: Ports): GroupState {
  const { input, groupInfo, tree } = opened;
  const { suite, keyPackage } = input;
  // Copies: the state must not keep the whole GroupInfo, with the encoded tree, in memory.
  const groupContext = detached(GroupContext, groupInfo.groupContext);
  const confirmationTag = groupInfo.confirmationTag.slice();
  validateGroup(tree, groupContext, leafValidation(suite, ports));
  const ownLeafIndex = findOwnLeaf(tree, keyPackage);
  const keys = joinerKeys(opened, ownLeafIndex);
  const epoch = deriveEpoch(suite, opened.memberSecret, GroupContext.bytesOf(groupContext));
  return wipeOnRefusal(
    () => [...keys.values(), ...secretsOfEpoch(epoch)],
    () => {
      validateConfirmationTag(suite, epoch, {
        groupContext,
        tag: confirmationTag,
        requirement: 'R12.4.3.1-19',
      });
      validateOrigin(opened, ports);
      return firstState({
        suite,
        groupContext,
        tree,
        ownLeafIndex,
        keys,
        signaturePrivateKey: keyPackage.signaturePrivateKey,
        epoch,
        confirmationTag,
      });
    },
  );
}

function validateOrigin({ subgroupPsk: psk, input, groupInfo, tree }: OpenedWelcome, ports: Ports): void {
  const { oldGroup } = input;
  if (psk === undefined || oldGroup === undefined) return;
  validateSubgroup({ psk, oldGroup, groupContext: groupInfo.groupContext, tree }, ports.identities);
}

function findOwnLeaf(tree: RatchetTree, { keyPackage }: OwnKeyPackage): LeafIndex {
  const own = LeafNode.bytesOf(keyPackage.leafNode);
  for (const { leafIndex, leafNode } of tree.members()) {
    if (equal(LeafNode.bytesOf(leafNode), own)) return leafIndex;
  }
  refuse('INVALID_WELCOME', 'R12.4.3.1-15', 'the tree does not hold the leaf of the KeyPackage');
}

/** Gives the joiner's private keys: of its leaf, and of what its path secret opens (RFC 9420 §12.4.3.1). */
function joinerKeys(opened: OpenedWelcome, own: LeafIndex): PrivateTree {
  const above = keysAbove(opened, own);
  // A copy: the state overwrites it when it is replaced, while a last-resort KeyPackage lives on.
  const encryptionKey = Uint8Array.from(opened.input.keyPackage.encryptionPrivateKey);
  return new Map([[nodeOfLeaf(own), encryptionKey], ...above]);
}

/** Derives the keys of the nodes above the joiner from its path secret (R12.4.3.1-16 to R12.4.3.1-18). */
function keysAbove({ input, secrets, groupInfo, tree }: OpenedWelcome, own: LeafIndex): PrivateTree {
  const pathSecret = secrets.pathSecret?.pathSecret;
  if (pathSecret === undefined) return new Map();
  const { signer } = groupInfo;
  if (signer === own) refuse('INVALID_WELCOME', 'R12.4.3.1-16', 'the joiner itself is named as the signer');
  const path = filteredDirectPath(tree, signer).map(({ slot }) => slot);
  const from = path.findIndex(({ index }) => index === commonAncestor(signer, own));
  if (from < 0) refuse('INVALID_WELCOME', 'R12.4.3.1-18', 'the common ancestor has no key');
  const expected = path.slice(from).map(({ index, node }): readonly [NodeIndex, Uint8Array] => {
    if (node === undefined) refuse('INVALID_WELCOME', 'R12.4.3.1-18', `node ${index} has no key`);
    return [index, node.encryptionKey];
  });
  const derived = derivePath(input.suite, pathSecret, expected, 'R12.4.3.1-17');
  wipe(derived.commitSecret);
  return derived.keys;
}

/** Overwrites the keys of a KeyPackage that was used (R12.4.3.1-22); the leaf's key lives on in the state. */
export function wipeInitKey(keyPackage: OwnKeyPackage): void {
  wipe(keyPackage.initPrivateKey);
}
