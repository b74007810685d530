/**
 * CreateGroup: opens the log of a group.
 *
 * @module
 */
import { FieldError, type delivery } from '@canopy/contract';
import { isSupportedCipherSuite } from '@canopy/crypto';
import { resourceExhausted } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { checkGroupInfo, requireTree } from '../rules/check-commit.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { requireAccessKey, requireGroupId } from './request-fields.ts';

/** Opens a group at epoch 0; the same again with the same bytes is the same group. */
export async function createGroup(
  { stores, clock, config }: Delivery,
  request: delivery.CreateGroupRequest,
): Promise<delivery.CreateGroupResponse> {
  const { cipherSuite, groupInfo, ratchetTree } = request;
  const groupId = requireGroupId(request.groupId, 'group_id');
  const accessKey = requireAccessKey(request.accessKey, 'access_key');
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite of RFC 9420, 1 to 7');
  }
  if (groupInfo.length + ratchetTree.length > config.maxBundleBytes) {
    throw resourceExhausted('CANOPY_MAX_BUNDLE_BYTES', config.maxBundleBytes);
  }
  requireFirstEpoch(request);
  const { outcome } = await stores.groupLog.createGroup({
    groupId,
    cipherSuite,
    accessKey,
    groupInfo: groupInfo.length === 0 ? undefined : groupInfo,
    ratchetTree: ratchetTree.length === 0 ? undefined : ratchetTree,
    nowMs: Math.floor(clock.now()),
  });
  return { result: { $case: outcome === 'exists' ? 'exists' : 'created', value: {} } };
}

/** What is given about epoch 0 has to be about it. @throws {FieldError} */
function requireFirstEpoch({
  groupId,
  cipherSuite,
  groupInfo,
  ratchetTree,
}: delivery.CreateGroupRequest): void {
  if (groupInfo.length === 0 && ratchetTree.length > 0) {
    throw new FieldError('ratchet_tree', 'needs a group_info');
  }
  const epoch = { groupId, epoch: 0n, cipherSuite, confirmationTag: undefined };
  if (groupInfo.length > 0) requireUnrefused('group_info', () => checkGroupInfo(groupInfo, epoch));
  requireUnrefused('ratchet_tree', () => requireTree(ratchetTree));
}

function requireUnrefused(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof RefusedSubmission)) throw error;
    throw new FieldError(field, error.message, { cause: error });
  }
}
