/**
 * ReadGroup: reads a page of a group's log.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Delivery } from '../delivery.ts';
import type { Caller } from '@canopy/service';
import { requireAllowed } from '../request-limits.ts';
import { pageLimit, toLogEntries } from './log-entries.ts';
import { readQuery, requireOwnQuery } from './request-fields.ts';

/** Reads what the proof's epoch opens, up to and including the commit that ends it. */
export async function readGroup(
  { gatekeeper, stores, config, limits, receipts }: Delivery,
  { query: body, proof }: delivery.ReadGroupRequest,
  caller: Caller,
): Promise<delivery.ReadGroupResponse> {
  const query = readQuery(body);
  requireOwnQuery(query, caller);
  const { groupId, afterSequence, limit } = query;
  const { upToSequence } = await gatekeeper.admit({ method: 'ReadGroup', groupId, body, proof });
  await requireAllowed(limits.ofGroup(groupId));
  const entries = await stores.groupLog.read({
    groupId,
    afterSequence,
    upToSequence,
    limit: pageLimit(limit, config.pageEntries),
    maxBytes: config.pageBytes,
  });
  const first = entries[0]?.sequence ?? afterSequence + 1n;
  const last = entries.at(-1)?.sequence ?? afterSequence;
  return {
    entries: await toLogEntries(receipts, groupId, entries),
    end: last >= upToSequence,
    // What the reader asked for is no longer there: it must not take the first entry for the next one.
    firstKeptSequence: first > afterSequence + 1n ? first : 0n,
  };
}
