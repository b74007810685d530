/**
 * AcknowledgeMailbox: forgets what the calling device has processed.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { Delivery } from '../delivery.ts';

/** Deletes what lies in the mailbox of the device that the token names, up to and including a sequence number. */
export async function acknowledgeMailbox(
  { stores }: Delivery,
  { upToSequence }: delivery.AcknowledgeMailboxRequest,
  { device }: Caller,
): Promise<delivery.AcknowledgeMailboxResponse> {
  await stores.mailbox.acknowledge(device, upToSequence);
  return {};
}
