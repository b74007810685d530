/**
 * The state of somebody who has just become a member: no past, no proposals (RFC 9420 §11, §12.4.3).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { GroupContext } from '../schedule/group-context.ts';
import type { NewEpoch } from '../schedule/key-schedule.ts';
import { computeInterimTranscriptHash } from '../schedule/transcript-hash.ts';
import { SecretTree } from '../secret-tree/secret-tree.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { PrivateTree } from '../tree/private-tree.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { GroupState } from './state.ts';

/** What a new member knows. */
export interface Membership {
  readonly suite: CipherSuite;
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
  readonly ownLeafIndex: LeafIndex;
  readonly keys: PrivateTree;
  readonly signaturePrivateKey: Uint8Array;
  readonly epoch: NewEpoch;
  readonly confirmationTag: Uint8Array;
}

/** Makes the first state of a member. */
export function firstState({ epoch, ...membership }: Membership): GroupState {
  const { suite, groupContext, tree, confirmationTag } = membership;
  return {
    ...membership,
    status: { kind: 'active' },
    secrets: epoch.secrets,
    secretTree: SecretTree.start(suite, epoch.encryptionSecret, tree.leafCount),
    interimTranscriptHash: computeInterimTranscriptHash(
      suite,
      groupContext.confirmedTranscriptHash,
      confirmationTag,
    ),
    proposals: [],
    pendingUpdates: [],
    pastEpochs: [],
    resumptionPsks: [],
  };
}
