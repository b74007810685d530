/**
 * ReadGroup: reads a page of a group's log.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Delivery } from '../delivery.ts';
import { pageLimit, toLogEntry } from './log-entries.ts';
import { readQuery } from './request-fields.ts';

/** Reads what the proof's epoch opens, up to and including the commit that ends it. */
export async function readGroup(
  { gatekeeper, stores, config }: Delivery,
  { query: body, proof }: delivery.ReadGroupRequest,
): Promise<delivery.ReadGroupResponse> {
  const { groupId, afterSequence, limit } = readQuery(body);
  const { upToSequence } = await gatekeeper.admit({ method: 'ReadGroup', groupId, body, proof });
  const entries = await stores.groupLog.read({
    groupId,
    afterSequence,
    upToSequence,
    limit: pageLimit(limit, config.pageEntries),
    maxBytes: config.pageBytes,
  });
  const last = entries.at(-1)?.sequence ?? afterSequence;
  return { entries: entries.map(toLogEntry), end: last >= upToSequence, firstKeptSequence: 0n };
}
