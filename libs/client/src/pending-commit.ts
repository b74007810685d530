/**
 * A commit of this device that the Delivery Service may or may not have accepted (RFC 9420 §14).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { decodeStagedCommit, encodeStagedCommit, type Group, type StagedCommit } from '@canopy/mls';
import type { MembershipChange } from './client-event.ts';
import type { StoredCommit } from './store/conversation-store.ts';

/** A commit that was sent, or is about to be. */
export interface PendingCommit {
  /** An encoded CommitBundle: the same bytes at every attempt. */
  readonly bundle: Uint8Array;
  /** The encoded commit inside of it, by which the device knows its own entry in the log. */
  readonly commit: Uint8Array;
  readonly change: MembershipChange;
  /** What it makes of the group; to be kept or dropped by the group that it was staged in or restored for. */
  readonly staged: StagedCommit;
  /** What became of it; shared by all handles on the same commit. */
  readonly fate: CommitFate;
}

/** Whether the log has this commit, another one for the same epoch, or neither yet. */
export interface CommitFate {
  outcome: 'open' | 'adopted' | 'lost';
}

/** Gives a commit as it is stored. */
export function toStored({ bundle, change, staged }: PendingCommit): StoredCommit {
  return { bundle, change: JSON.stringify(change), staged: encodeStagedCommit(staged) };
}

/** Restores a commit that was stored by a process that is gone, for the group as it is now. */
export function restorePending(stored: StoredCommit, group: Group, fate: CommitFate): PendingCommit {
  const { bundle, change, staged } = stored;
  return {
    bundle,
    commit: delivery.CommitBundle.decode(bundle).commit,
    // oxlint-disable-next-line no-unsafe-type-assertion -- only this client writes this column
    change: JSON.parse(change) as MembershipChange,
    staged: decodeStagedCommit(staged, group.state),
    fate,
  };
}
