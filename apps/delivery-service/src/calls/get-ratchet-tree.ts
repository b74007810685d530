/**
 * GetRatchetTree: reads a part of the tree that a Welcome or a GroupInfo does not carry (RFC 9420 §12.4.3.3).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import type { Delivery } from '../delivery.ts';
import { requireGroupId } from './request-fields.ts';

/** Reads what fits into a page, for who knows the hash of the tree. */
export async function getRatchetTree(
  { stores, config }: Delivery,
  request: delivery.GetRatchetTreeRequest,
): Promise<delivery.GetRatchetTreeResponse> {
  const groupId = requireGroupId(request.groupId, 'group_id');
  const offset = Number(request.offset);
  const query = { groupId, epoch: request.epoch, offset, maxBytes: config.pageBytes };
  const chunk = await stores.groupLog.readTree(query);
  return chunk === undefined || !equal(chunk.tree.hash, request.hash) || offset > chunk.tree.size
    ? { result: { $case: 'notFound', value: {} } }
    : { result: { $case: 'chunk', value: { bytes: chunk.bytes } } };
}
