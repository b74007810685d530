/**
 * ReadMailbox: reads a page of the calling device's mailbox.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { pageLimit, toMailboxEntry } from './log-entries.ts';

/** Reads what waits for the device that the token names. */
export async function readMailbox(
  { stores, config }: Delivery,
  { afterSequence, limit }: delivery.ReadMailboxRequest,
  { device }: Caller,
): Promise<delivery.ReadMailboxResponse> {
  const entries = await stores.mailbox.read({
    device,
    afterSequence,
    limit: pageLimit(limit, config.pageEntries),
    maxBytes: config.pageBytes,
  });
  const last = entries.at(-1);
  if (last === undefined) {
    const lastSequence = await stores.mailbox.lastSequence(device);
    return { entries: [], end: true, behind: afterSequence > lastSequence ? { lastSequence } : undefined };
  }
  const beyond = { device, afterSequence: last.sequence, limit: 1, maxBytes: 0 };
  const end = (await stores.mailbox.read(beyond)).length === 0;
  return { entries: entries.map(toMailboxEntry), end, behind: undefined };
}
