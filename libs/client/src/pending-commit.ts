/**
 * A commit of this device that the Delivery Service may or may not have accepted (RFC 9420 §14).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { decodeState, Group, type GroupOptions, type GroupState, type StagedCommit } from '@canopy/mls';
import type { MembershipChange } from './client-event.ts';
import type { StoredCommit } from './store/conversation-store.ts';

/** A commit that was sent, or is about to be. */
export interface PendingCommit {
  /** An encoded CommitBundle: the same bytes at every attempt. */
  readonly bundle: Uint8Array;
  /** The encoded commit inside of it, by which the device knows its own entry in the log. */
  readonly commit: Uint8Array;
  readonly change: MembershipChange;
  /** Moves a group on to the new epoch and gives the group to go on with. */
  adopt(group: Group): Group;
  /** Forgets the new epoch. */
  drop(group: Group): void;
  /** What became of it; shared by all handles on the same commit. */
  readonly fate: CommitFate;
}

/** Whether the log has this commit, another one for the same epoch, or neither yet. */
export interface CommitFate {
  outcome: 'open' | 'adopted' | 'lost';
}

/** Makes a pending commit of one that was just staged. */
export function pendingFrom(
  staged: StagedCommit,
  parts: Pick<PendingCommit, 'bundle' | 'commit' | 'change'>,
): PendingCommit {
  return {
    ...parts,
    fate: { outcome: 'open' },
    adopt(group) {
      group.keep(staged);
      return group;
    },
    drop: (group) => group.drop(staged),
  };
}

/** Makes a pending commit of one that was stored by a process that is gone. */
export function restorePending(stored: StoredCommit, options: GroupOptions, fate: CommitFate): PendingCommit {
  const { commit } = delivery.CommitBundle.decode(stored.bundle);
  return {
    bundle: stored.bundle,
    commit,
    // oxlint-disable-next-line no-unsafe-type-assertion -- only this client writes this column
    change: JSON.parse(stored.change) as MembershipChange,
    fate,
    adopt: (group) => new Group(withLiveRatchets(decodeState(stored), group.state), options),
    drop: () => {},
  };
}

/** Ratchets of past epochs go on moving while a commit is under way: those of the base count, not those that were stored. */
function withLiveRatchets(next: GroupState, base: GroupState): GroupState {
  const live = new Map(
    [base, ...base.pastEpochs].map(({ groupContext, secretTree }) => [groupContext.epoch, secretTree]),
  );
  const pastEpochs = next.pastEpochs.map((past) => ({
    ...past,
    secretTree: live.get(past.groupContext.epoch) ?? past.secretTree,
  }));
  return { ...next, pastEpochs };
}
