/**
 * How a member processes a commit of somebody else (RFC 9420 §12.4.2).
 *
 * @module
 */

import { equal, wipe } from '@canopy/crypto';
import { required } from '../errors.ts';
import type { Verified } from '../framing/unprotect.ts';
import { nextEpoch } from '../group/next-epoch.ts';
import type { Ports } from '../group/ports.ts';
import type { StagedCommit } from '../group/staged-commit.ts';
import { pskStoreOf, requireActive, type GroupState } from '../group/state.ts';
import type { AppliedProposals } from '../proposals/applied-proposals.ts';
import { openExternalInit } from '../schedule/external-init.ts';
import { GroupContext } from '../schedule/group-context.ts';
import type { NewEpoch } from '../schedule/key-schedule.ts';
import { wipeOnRefusal } from '../schedule/wipe-on-refusal.ts';
import { nodeOfLeaf, type NodeIndex } from '../tree/math.ts';
import { keepCurrentKeys, type PrivateTree } from '../tree/private-tree.ts';
import { openPath, type OpenedPath } from '../tree/process-path.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import { statusAfter } from './create-commit.ts';
import {
  confirmedContext,
  provisionalContext,
  scheduleEpoch,
  secretsOfEpoch,
  validateConfirmationTag,
  wipeWelcomeSecrets,
  type ScheduledEpoch,
} from './epoch-inputs.ts';
import {
  effectsOf,
  mergePublicPart,
  refuseOwnCommit,
  validateCommit,
  validateEpoch,
  type IncomingCommit,
} from './validate-commit.ts';

/**
 * Processes a commit and gives the state of the next epoch, which the caller keeps or drops (RFC 9420 §12.4.2).
 *
 * @throws MlsError, CodecError; the given state stays as it was
 */
export function processCommit(state: GroupState, verified: Verified, ports: Ports): StagedCommit {
  requireActive(state);
  validateEpoch(state, verified);
  refuseOwnCommit(state, verified);
  const incoming = validateCommit(state, verified, ports);
  if (incoming.applied.removed.some(({ leafIndex }) => leafIndex === state.ownLeafIndex)) {
    return stageOwnRemoval(state, incoming, ports);
  }
  return stageCommit(state, incoming, ports);
}

interface MergedCommit {
  readonly tree: RatchetTree;
  readonly groupContext: GroupContext;
  readonly opened: OpenedPath | undefined;
}

function stageCommit(state: GroupState, incoming: IncomingCommit, ports: Ports): StagedCommit {
  const { verified, applied } = incoming;
  const merged = mergeCommit(state, incoming, ports);
  const { tree, opened } = merged;
  const { auth } = verified;
  const { groupContext, epoch } = wipeOnRefusal(
    () => [opened?.commitSecret, ...(opened?.keys.values() ?? [])],
    () => enterEpoch(state, incoming, merged, ports),
  );
  const next = nextEpoch(
    state,
    {
      groupContext,
      tree,
      keys: new Map([...ownKeysAfter(state, incoming, tree), ...(opened?.keys ?? [])]),
      epoch,
      // A copy: the state must not keep the whole message in memory.
      confirmationTag: required(auth.confirmationTag, 'the tag that was just checked').slice(),
      signaturePrivateKey: ownUpdate(state, incoming)?.signaturePrivateKey ?? state.signaturePrivateKey,
      status: statusAfter(applied),
    },
    ports.policy,
  );
  return { base: state, state: next, effects: effectsOf(incoming) };
}

/** Derives the secrets of the new epoch; those that the tag does not confirm are overwritten again (R12.4.2-12). */
function enterEpoch(
  state: GroupState,
  { verified, applied }: IncomingCommit,
  { groupContext: provisional, opened }: MergedCommit,
  ports: Ports,
): { readonly groupContext: GroupContext; readonly epoch: NewEpoch } {
  const { suite } = state;
  const { wireFormat, content, auth } = verified;
  const { signature, confirmationTag } = auth;
  const groupContext = confirmedContext(suite, provisional, state.interimTranscriptHash, {
    wireFormat,
    content,
    signature,
  });
  const scheduled = scheduleWithInit(state, applied, (initSecret) =>
    scheduleEpoch({
      suite,
      initSecret,
      commitSecret: opened?.commitSecret ?? new Uint8Array(suite.kdf.size),
      groupContext,
      pskIds: applied.psks,
      pskStore: pskStoreOf(state, ports.psks),
      forWelcome: false,
    }),
  );
  wipeWelcomeSecrets(scheduled);
  const { epoch } = scheduled;
  wipeOnRefusal(
    () => secretsOfEpoch(epoch),
    () =>
      validateConfirmationTag(suite, epoch, {
        groupContext,
        tag: confirmationTag,
        requirement: 'R12.4.2-12',
      }),
  );
  return { groupContext, epoch };
}

/** Runs the key schedule with the init secret that a commit builds on; one that an outsider made is used once (§8.3). */
function scheduleWithInit(
  { suite, secrets }: GroupState,
  { kemOutput }: AppliedProposals,
  schedule: (initSecret: Uint8Array) => ScheduledEpoch,
): ScheduledEpoch {
  if (kemOutput === undefined) return schedule(secrets.initSecret);
  const initSecret = openExternalInit(suite, secrets.externalSecret, kemOutput);
  try {
    return schedule(initSecret);
  } finally {
    wipe(initSecret);
  }
}

// §12.4.2: validate the path, merge it, then decrypt with the provisional context.
function mergeCommit(state: GroupState, incoming: IncomingCommit, ports: Ports): MergedCommit {
  const { applied, commit } = incoming;
  const { suite } = state;
  if (commit.path === undefined) {
    const groupContext = provisionalContext(suite, state.groupContext, applied);
    return { tree: applied.tree, groupContext, opened: undefined };
  }
  const { received, merged } = mergePublicPart(state, incoming, commit.path, ports);
  const provisional = provisionalContext(suite, state.groupContext, { ...applied, tree: merged.tree });
  const opened = openPath(received, merged, {
    leafIndex: state.ownLeafIndex,
    keys: ownKeysAfter(state, incoming, applied.tree),
    groupContext: GroupContext.bytesOf(provisional),
  });
  return { tree: merged.tree, groupContext: provisional, opened };
}

function ownUpdate(
  state: GroupState,
  { list }: IncomingCommit,
): GroupState['pendingUpdates'][number] | undefined {
  return state.pendingUpdates.find((pending) =>
    list.some(({ reference }) => reference !== undefined && equal(reference, pending.reference)),
  );
}

/** Gives the member's keys that still stand in a tree, and the new leaf key when its own Update was committed. */
function ownKeysAfter(state: GroupState, incoming: IncomingCommit, tree: RatchetTree): PrivateTree {
  const keys = new Map<NodeIndex, Uint8Array>(keepCurrentKeys(state.keys, state.tree, tree));
  const update = ownUpdate(state, incoming);
  if (update !== undefined) keys.set(nodeOfLeaf(state.ownLeafIndex), update.encryptionPrivateKey);
  return keys;
}

/**
 * The commit removes this member: it learns nothing of the new epoch and stops (R12.4.2-16). It cannot check the
 * confirmation tag, but what the others refuse in the open must not put it out either (R12.2-19).
 */
function stageOwnRemoval(state: GroupState, incoming: IncomingCommit, ports: Ports): StagedCommit {
  const { commit } = incoming;
  if (commit.path !== undefined) mergePublicPart(state, incoming, commit.path, ports);
  return { base: state, state: removedState(state), effects: effectsOf(incoming, true) };
}

/**
 * Gives the state of a member that is removed (R12.4.2-16). Nothing of the group is readable for it any more: what it holds is
 * overwritten when the commit is kept.
 */
export function removedState(state: GroupState): GroupState {
  const nothing = { keys: new Map(), proposals: [], pendingUpdates: [], pastEpochs: [], resumptionPsks: [] };
  return { ...state, ...nothing, status: { kind: 'removed' } };
}
