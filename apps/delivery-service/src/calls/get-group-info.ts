/**
 * GetGroupInfo: reads what an external commit needs (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { permissionDenied, type Caller } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { hasLeaf } from '../external-joins.ts';
import { requireAllowed } from '../request-limits.ts';
import { sha256 } from '../sha256.ts';
import { toTreeReference } from './log-entries.ts';
import { readQuery, requireOwnQuery } from './request-fields.ts';

/** Reads the GroupInfo of the current epoch for a member of it or of a recent one, or for a guest with a ticket. */
export async function getGroupInfo(
  service: Delivery,
  request: delivery.GetGroupInfoRequest,
  { device }: Caller,
): Promise<delivery.GetGroupInfoResponse> {
  const query = readQuery(request.query);
  requireOwnQuery(query, { device });
  const { groupId } = query;
  const { stores, limits } = service;
  const shown = await shownEpoch(service, request, groupId);
  await requireAllowed(limits.ofGroup(groupId));
  const stored = await stores.groupLog.groupInfo(groupId);
  if (stored === undefined) return { epoch: shown ?? 0n, groupInfo: new Uint8Array(), tree: undefined };
  const { epoch, groupInfo, tree } = stored;
  if (shown !== undefined) await requireNotGone(service, { groupId, lag: epoch - shown, device });
  return { epoch, groupInfo, tree: toTreeReference(epoch, tree) };
}

/** A device with a proof for an epoch before the current one. */
interface Latecomer {
  readonly groupId: Uint8Array;
  readonly lag: bigint;
  readonly device: string;
}

/**
 * A member that was removed must not learn who is in the group after it: an older proof counts as long as the device has a
 * leaf. Where the tree is not known, nobody could come back by an external commit, and an older proof opens nothing.
 *
 * @throws {ServiceError} PERMISSION_DENIED
 */
async function requireNotGone(
  { publicGroups, config }: Delivery,
  { groupId, lag, device }: Latecomer,
): Promise<void> {
  if (lag <= 0n) return;
  if (lag > BigInt(config.resyncEpochs)) throw permissionDenied('PROOF_EPOCH_TOO_OLD');
  const state = await publicGroups.now(groupId);
  const isIn = state !== undefined && hasLeaf(state.group.tree, device);
  if (!isIn) throw permissionDenied('PROOF_EPOCH_TOO_OLD');
}

/** Gives the epoch that a proof is for; undefined for a ticket. @throws {ServiceError} PERMISSION_DENIED */
async function shownEpoch(
  { gatekeeper, stores, clock }: Delivery,
  { query: body, proof, ticket }: delivery.GetGroupInfoRequest,
  groupId: Uint8Array,
): Promise<bigint | undefined> {
  if (ticket.length === 0) {
    return (await gatekeeper.admit({ method: 'GetGroupInfo', groupId, body, proof })).epoch;
  }
  const isOpen = await stores.groupLog.hasTicket(groupId, sha256(ticket), Math.floor(clock.now()));
  if (!isOpen) throw permissionDenied('TICKET_INVALID');
  return undefined;
}
