/**
 * Makes the external Commit by which a device comes back into its group (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { encodeMessage, encodeState, Group, type RatchetTree } from '@canopy/mls';
import { proveMembership } from './group-proof.ts';
import { followRefused } from './intruders.ts';
import { makeBundle } from './make-bundle.ts';
import { deviceOfLeaf, membersOf, leafOfDevice } from './members.ts';
import { readGroupInfo, refusedGroupInfo, type FoundGroupInfo, type ShowLeave } from './read-group-info.ts';
import { LOG_TRUNCATED } from './faults.ts';
import type { Replica } from './replica.ts';
import type { StoredRejoin } from './store/recovery-store.ts';
import type { Surroundings } from './surroundings.ts';

/** What the way back turned out to be. */
export type StagedRejoin =
  | { readonly kind: 'rejoin'; readonly rejoin: StoredRejoin }
  /** The device's leaf is gone: somebody has removed it. */
  | { readonly kind: 'removed' };

/**
 * Makes the external Commit, on the GroupInfo that the service has, if a member that this device knows has signed that, or if
 * it says of the group what the refused commit has said in the open.
 *
 * @throws {ClientError} GROUP_INFO_REFUSED, TREE_REFUSED, SERVICE_REFUSED, CLOSED; whatever MLS refuses
 */
export async function stageRejoin(replica: Replica, around: Surroundings): Promise<StagedRejoin> {
  const found = await readCurrent(replica, around);
  const resync = leafOfDevice(treeOf(found), around.device);
  if (resync === undefined) return { kind: 'removed' };
  const { suite, identity } = around;
  const request = { ...found, suite, identity, resync, psks: [], authenticatedData: new Uint8Array(0) };
  const { group, message } = await Group.joinExternally(request, around.joinOptions);
  const commit = encodeMessage(message);
  const bundle = makeBundle({
    commit,
    next: group,
    welcome: new Uint8Array(0),
    welcomeRecipients: [],
    knownSequence: replica.cursor,
  });
  return { kind: 'rejoin', rejoin: { bundle, state: encodeState(group.state) } };
}

async function readCurrent(replica: Replica, around: Surroundings): Promise<FoundGroupInfo> {
  const { groupId, epoch } = replica.group;
  const showMembership: ShowLeave = (query) => ({
    proof: proveMembership(replica.group, 'GetGroupInfo', query, around.nowMs()),
    ticket: new Uint8Array(0),
  });
  const found = await readGroupInfo(groupId, showMembership, around);
  // A commit that could not be read has ended the epoch. Without one, entries of this very epoch may be gone.
  const least = replica.fault === LOG_TRUNCATED ? epoch : epoch + 1n;
  if (found.groupInfo.groupContext.epoch < least) throw refusedGroupInfo('NOT_AHEAD');
  await requireKnown(found, replica, around);
  return found;
}

/**
 * Whoever joined without leave of the members can sign a GroupInfo of an epoch that they have refused. So this device follows
 * one by somebody who was a member when it last saw the group; any other only where it is about the very group that the
 * refused commit makes of the own one. Then all that is new in it is the newcomer, who can be taken out.
 */
async function requireKnown(found: FoundGroupInfo, replica: Replica, around: Surroundings): Promise<void> {
  const { group, options, id, cursor } = replica;
  const leaf = treeOf(found).findLeaf(found.groupInfo.signer);
  const known = new Set(membersOf(group).map(({ device }) => device));
  if (leaf !== undefined && known.has(deviceOfLeaf(leaf))) return;
  const refused = around.store.recentEntries.find(id, cursor);
  const after = refused && (await followRefused(refused, group, options));
  if (after === undefined) throw refusedGroupInfo('UNKNOWN_SIGNER');
  after.requireGroupInfo(found.groupInfo);
}

/** The library's own GroupInfos never carry the tree. */
function treeOf({ ratchetTree }: FoundGroupInfo): RatchetTree {
  if (ratchetTree === undefined) throw refusedGroupInfo('NO_TREE');
  return ratchetTree;
}
