/**
 * GetRatchetTree: reads a part of the tree that a Welcome or a GroupInfo does not carry (RFC 9420 §12.4.3.3).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import type { Delivery } from '../delivery.ts';
import { requireGroupId } from './request-fields.ts';

/** No tree has more bytes than this, whatever the limits of the service. */
const MAX_OFFSET = 2n ** 32n;

/** Reads what fits into a page, for who knows the hash of the tree. */
export async function getRatchetTree(
  { stores, config }: Delivery,
  { groupId: id, epoch, hash, offset }: delivery.GetRatchetTreeRequest,
): Promise<delivery.GetRatchetTreeResponse> {
  const groupId = requireGroupId(id, 'group_id');
  if (offset > MAX_OFFSET) return notFound;
  const place = { groupId, epoch, offset: Number(offset), maxBytes: config.pageBytes };
  const chunk = await stores.groupLog.readTree(place);
  if (chunk === undefined || !equal(chunk.tree.hash, hash) || place.offset > chunk.tree.size) {
    return notFound;
  }
  return { result: { $case: 'chunk', value: { bytes: chunk.bytes } } };
}

const notFound: delivery.GetRatchetTreeResponse = { result: { $case: 'notFound', value: {} } };
