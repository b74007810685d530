/**
 * A commit that was made or processed, before the caller keeps or drops it (RFC 9420 §14).
 *
 * @module
 */

import type { ReInit } from '../proposals/proposal.ts';
import type { AppliedProposals, ChangedMember } from '../proposals/applied-proposals.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { Member } from '../tree/ratchet-tree.ts';
import type { GroupState } from './state.ts';

/** What a commit does to a group, for people and applications to look at. */
export interface CommitEffects {
  readonly committer: LeafIndex;
  /** True for an external Commit: the committer joined with it. */
  readonly joined: boolean;
  readonly added: readonly Member[];
  readonly updated: readonly ChangedMember[];
  readonly removed: readonly ChangedMember[];
  /** The committer's new leaf; absent when the commit has no path. */
  readonly committerLeaf: LeafNode | undefined;
  readonly extensionsChanged: boolean;
  readonly reinit: ReInit | undefined;
  /** True when this member is among the removed ones. */
  readonly selfRemoved: boolean;
}

/** The state after a commit and what it changes; nothing has happened until it is kept. */
export interface StagedCommit {
  readonly base: GroupState;
  readonly state: GroupState;
  readonly effects: CommitEffects;
}

/** Describes what the proposals of a commit do. */
export function describeEffects(
  applied: AppliedProposals,
  commit: Pick<CommitEffects, 'committer' | 'joined' | 'committerLeaf' | 'selfRemoved'>,
): CommitEffects {
  const { updated, removed, extensionsChanged, reinit } = applied;
  const added = applied.added.map(({ leafIndex, keyPackage }) => ({
    leafIndex,
    leafNode: keyPackage.leafNode,
  }));
  return { ...commit, added, updated, removed, extensionsChanged, reinit };
}
