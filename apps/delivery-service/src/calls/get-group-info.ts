/**
 * GetGroupInfo: reads what an external commit needs (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { permissionDenied } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { toTreeReference } from './log-entries.ts';
import { readQuery } from './request-fields.ts';

/** Reads the GroupInfo of the current epoch for a member of it or of the one before; empty until the first commit. */
export async function getGroupInfo(
  { gatekeeper, stores }: Delivery,
  { query: body, proof }: delivery.GetGroupInfoRequest,
): Promise<delivery.GetGroupInfoResponse> {
  const { groupId } = readQuery(body);
  const access = await gatekeeper.admit({ method: 'GetGroupInfo', groupId, body, proof });
  const stored = await stores.groupLog.groupInfo(groupId);
  const epoch = stored?.epoch ?? access.currentEpoch;
  if (epoch - access.epoch > 1n) throw permissionDenied('PROOF_EPOCH_TOO_OLD');
  return {
    epoch,
    groupInfo: stored?.groupInfo ?? new Uint8Array(),
    tree: stored === undefined ? undefined : toTreeReference(stored.epoch, stored.tree),
  };
}
