/**
 * CreateGroup: opens the log of a group.
 *
 * @module
 */
import { FieldError, type delivery } from '@canopy/contract';
import { isSupportedCipherSuite } from '@canopy/crypto';
import type { Delivery } from '../delivery.ts';
import { requireAccessKey, requireGroupId } from './request-fields.ts';

/** Opens a group at epoch 0; the same again with the same bytes is the same group. */
export async function createGroup(
  { stores, clock }: Delivery,
  request: delivery.CreateGroupRequest,
): Promise<delivery.CreateGroupResponse> {
  const { cipherSuite } = request;
  const groupId = requireGroupId(request.groupId, 'group_id');
  const accessKey = requireAccessKey(request.accessKey, 'access_key');
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite of RFC 9420, 1 to 7');
  }
  const { outcome } = await stores.groupLog.createGroup({
    groupId,
    cipherSuite,
    accessKey,
    nowMs: clock.now(),
  });
  return { result: { $case: outcome === 'exists' ? 'exists' : 'created', value: {} } };
}
