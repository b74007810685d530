/**
 * How a member's state moves on to the next epoch (RFC 9420 §8, §8.6, §15.3).
 *
 * @module
 */

import type { Policy } from '../policy.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import type { NewEpoch } from '../schedule/key-schedule.ts';
import { computeInterimTranscriptHash } from '../schedule/transcript-hash.ts';
import { SecretTree } from '../secret-tree/secret-tree.ts';
import type { PrivateTree } from '../tree/private-tree.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { GroupState, GroupStatus } from './state.ts';

/** What a commit changes in a member's state. */
export interface EpochChange {
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
  readonly keys: PrivateTree;
  readonly epoch: NewEpoch;
  readonly confirmationTag: Uint8Array;
  readonly signaturePrivateKey: Uint8Array;
  readonly status: GroupStatus;
}

/** Makes the state of the next epoch; the old one stays usable until it is retired. */
export function nextEpoch(state: GroupState, change: EpochChange, policy: Policy): GroupState {
  const { epoch, ...rest } = change;
  const { suite } = state;
  return {
    ...rest,
    suite,
    ownLeafIndex: state.ownLeafIndex,
    secrets: epoch.secrets,
    secretTree: SecretTree.start(suite, epoch.encryptionSecret, change.tree.leafCount),
    interimTranscriptHash: computeInterimTranscriptHash(
      suite,
      change.groupContext.confirmedTranscriptHash,
      change.confirmationTag,
    ),
    proposals: [],
    pendingUpdates: [],
    ...retainEpoch(state, policy),
  };
}

/** Gives what is kept of an epoch that ends and of those before it (RFC 9420 §8.6, §15.3). */
export function retainEpoch(
  state: GroupState,
  limits: Pick<Policy, 'pastEpochs' | 'resumptionPsks'>,
): Pick<GroupState, 'pastEpochs' | 'resumptionPsks'> {
  const { groupContext, tree, secrets, secretTree } = state;
  const past = { groupContext, tree, senderDataSecret: secrets.senderDataSecret, secretTree };
  const resumption = { epoch: groupContext.epoch, psk: secrets.resumptionPsk };
  return {
    pastEpochs: [past, ...state.pastEpochs].slice(0, limits.pastEpochs),
    resumptionPsks: [resumption, ...state.resumptionPsks].slice(0, limits.resumptionPsks),
  };
}
