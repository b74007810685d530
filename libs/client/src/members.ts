/**
 * Members of a group as devices and users.
 *
 * @module
 */
import { namedDevice, userOfDevice } from '@canopy/identity';
import {
  type Group,
  type LeafIndex,
  type LeafNode,
  type Member,
  type RatchetTree,
  type StagedCommit,
} from '@canopy/mls';
import type { MembershipChange } from './client-event.ts';

/** One device in a conversation. */
export interface ConversationMember {
  /** The device's URI. */
  readonly device: string;
  /** The URI of its user. */
  readonly user: string;
  readonly leafIndex: LeafIndex;
}

/** Gives the device that a leaf speaks for; every leaf was judged by the identity provider before. */
export function deviceOfLeaf({ credential }: LeafNode): string {
  return namedDevice(credential);
}

/** Gives a member of a group. */
export function toMember({ leafIndex, leafNode }: Member): ConversationMember {
  const device = deviceOfLeaf(leafNode);
  return { device, user: userOfDevice(device), leafIndex };
}

/** Gives the members of a group from left to right. */
export function membersOf(group: Group): readonly ConversationMember[] {
  return Array.from(group.members(), toMember);
}

/** Finds the leaf of a device. */
export function leafOfDevice(tree: RatchetTree, device: string): LeafIndex | undefined {
  for (const { leafIndex, leafNode } of tree.members()) {
    if (deviceOfLeaf(leafNode) === device) return leafIndex;
  }
  return undefined;
}

/** Says in devices what a commit changes. */
export function changeOf({ base, effects }: StagedCommit): MembershipChange {
  const { committer, committerLeaf, joined, added, removed, updated } = effects;
  const leaf = joined ? committerLeaf : base.tree.findLeaf(committer);
  const by = leaf === undefined ? '' : deviceOfLeaf(leaf);
  const updatedDevices = updated.map(({ before }) => deviceOfLeaf(before));
  return {
    added: [...added.map(({ leafNode }) => deviceOfLeaf(leafNode)), ...(joined ? [by] : [])],
    removed: removed.map(({ before }) => deviceOfLeaf(before)),
    updated: [...updatedDevices, ...(committerLeaf !== undefined && !joined ? [by] : [])],
    by,
  };
}

/** Says whether a commit takes out anybody but the committer's own old leaf, which a device replaces when it comes back. */
export function removesAnother({ removed, by }: MembershipChange): boolean {
  return removed.some((device) => device !== by);
}
