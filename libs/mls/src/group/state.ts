/**
 * A member's view of a group in one epoch (RFC 9420 §8, §12.4).
 *
 * A state is a value: an operation gives a new one and leaves the old one as it was. Only the secret tree changes in
 * place, since a key that was used has to be gone at once (§9.2).
 *
 * @module
 */

import { equal, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { Sender } from '../framing/content.ts';
import type { SendingKeys } from '../framing/protect.ts';
import type { ReceivingKeys } from '../framing/unprotect.ts';
import type { Policy } from '../policy.ts';
import type { Proposal, ReInit } from '../proposals/proposal.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import type { EpochSecrets } from '../schedule/key-schedule.ts';
import type { PskStore } from '../schedule/psk.ts';
import type { SecretTree } from '../secret-tree/secret-tree.ts';
import type { LeafIndex } from '../tree/math.ts';
import { wipeReplacedKeys, type PrivateTree } from '../tree/private-tree.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';

/** A valid proposal of this epoch that a commit can refer to (RFC 9420 §12.1). */
export interface CachedProposal {
  readonly reference: Uint8Array;
  readonly proposal: Proposal;
  readonly sender: Sender;
}

/** The keys of an own Update that nobody has committed yet (R12.1.2-04). */
export interface PendingUpdate {
  readonly reference: Uint8Array;
  readonly encryptionPrivateKey: Uint8Array;
  readonly signaturePrivateKey: Uint8Array;
}

/** What is kept of an epoch so that late messages can still be read (RFC 9420 §15.3). */
export interface PastEpoch {
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
}

/** The resumption PSK of a past epoch (RFC 9420 §8.6). */
export interface ResumptionPsk {
  readonly epoch: bigint;
  readonly psk: Uint8Array;
}

/** Whether the group goes on for this member. */
export type GroupStatus =
  | { readonly kind: 'active' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'reinitialized'; readonly reinit: ReInit };

/** A member's view of a group in one epoch. */
export interface GroupState {
  readonly suite: CipherSuite;
  readonly status: GroupStatus;
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
  readonly ownLeafIndex: LeafIndex;
  readonly keys: PrivateTree;
  readonly signaturePrivateKey: Uint8Array;
  readonly secrets: EpochSecrets;
  readonly secretTree: SecretTree;
  readonly interimTranscriptHash: Uint8Array;
  readonly confirmationTag: Uint8Array;
  readonly proposals: readonly CachedProposal[];
  readonly pendingUpdates: readonly PendingUpdate[];
  /** Newest first. */
  readonly pastEpochs: readonly PastEpoch[];
  /** Newest first. */
  readonly resumptionPsks: readonly ResumptionPsk[];
}

/** What of a group's epoch anybody can know who reads its handshake in the open: a member, and a server too. */
export type PublicState = Pick<
  GroupState,
  'suite' | 'status' | 'groupContext' | 'tree' | 'interimTranscriptHash' | 'confirmationTag' | 'proposals'
>;

/** Requires that the group still goes on, for a member that sends and processes. @throws MlsError GROUP_ENDED */
export function requireActive({ status }: Pick<GroupState, 'status'>): void {
  if (status.kind !== 'active') {
    const requirement = status.kind === 'removed' ? 'R12.4.2-16' : 'R11.2-05';
    refuse('GROUP_ENDED', requirement, `this member's group has ended: ${status.kind}`);
  }
}

/** Gives what the member protects messages with. */
export function sendingKeys(state: GroupState, policy: Policy): SendingKeys {
  const { suite, groupContext, secrets, secretTree } = state;
  const { membershipKey, senderDataSecret } = secrets;
  return {
    suite,
    groupContext,
    membershipKey,
    senderDataSecret,
    secretTree,
    padding: policy.padding,
  };
}

/** Gives what the member opens messages of the current epoch with. */
export function receivingKeys(state: GroupState, policy: Policy): ReceivingKeys {
  const { suite, groupContext, tree, secrets, secretTree, ownLeafIndex } = state;
  const { membershipKey, senderDataSecret } = secrets;
  return {
    suite,
    groupContext,
    tree,
    membershipKey,
    senderDataSecret,
    secretTree,
    ownLeafIndex,
    limits: policy,
  };
}

function ownResumptionPsk(state: GroupState, groupId: Uint8Array, epoch: bigint): Uint8Array | undefined {
  if (!equal(groupId, state.groupContext.groupId)) return undefined;
  if (epoch === state.groupContext.epoch) return state.secrets.resumptionPsk;
  return state.resumptionPsks.find((past) => past.epoch === epoch)?.psk;
}

/** Adds the resumption PSKs of the group itself to a store (RFC 9420 §8.6). */
export function pskStoreOf(state: GroupState, store: PskStore): PskStore {
  return {
    findExternalPsk: (pskId) => store.findExternalPsk(pskId),
    findResumptionPsk(groupId, epoch) {
      // A group that follows a ReInit can have the id of the one before, whose keys are then found in the store (§11.2).
      return ownResumptionPsk(state, groupId, epoch) ?? store.findResumptionPsk(groupId, epoch);
    },
  };
}

/**
 * Overwrites what a state held and its successor does not need (RFC 9420 §9.2, R7.5-10, R14-02).
 * Signature keys belong to the client, which may use them in other groups: they are left alone.
 */
export function retireState(old: GroupState, successor: GroupState): void {
  const { senderDataSecret, resumptionPsk, ...consumed } = old.secrets;
  wipe(...Object.values(consumed));
  wipeReplacedKeys(old.keys, successor.keys);
  const readable = new Set(successor.pastEpochs.map((past) => past.secretTree));
  for (const { secretTree } of [old, ...old.pastEpochs]) if (!readable.has(secretTree)) secretTree.wipe();
  const kept = new Set([
    ...successor.pastEpochs.map((past) => past.senderDataSecret),
    ...successor.resumptionPsks.map(({ psk }) => psk),
  ]);
  const past = [
    ...old.pastEpochs.map((epoch) => epoch.senderDataSecret),
    ...old.resumptionPsks.map(({ psk }) => psk),
  ];
  for (const secret of [senderDataSecret, resumptionPsk, ...past]) if (!kept.has(secret)) wipe(secret);
  const inUse = new Set(successor.keys.values());
  for (const update of old.pendingUpdates) {
    if (!inUse.has(update.encryptionPrivateKey)) wipe(update.encryptionPrivateKey);
  }
}

/** Overwrites what a state that is not kept has beyond the one it was made from (R14-02). */
export function discardState(state: GroupState, base: GroupState): void {
  wipe(...Object.values(state.secrets));
  // The key of an own Update belongs to the base until its epoch ends: another commit can still take it up (R12.1.2-04).
  const inUse = new Set([
    ...base.keys.values(),
    ...base.pendingUpdates.map(({ encryptionPrivateKey }) => encryptionPrivateKey),
  ]);
  for (const key of state.keys.values()) if (!inUse.has(key)) wipe(key);
  state.secretTree.wipe();
}
