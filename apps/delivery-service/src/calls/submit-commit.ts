/**
 * SubmitCommit: ends an epoch, once (RFC 9420 §14).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { permissionDenied } from '@canopy/service';
import type { AppendOutcome } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import type { GroupAccess } from '../gatekeeper.ts';
import { checkCommit } from '../rules/check-commit.ts';
import { RefusedSubmission, requireThat } from '../rules/refused-submission.ts';
import { toAnswer } from './append-answer.ts';
import { readBundle } from './request-fields.ts';

/** Offers a commit to the log; what cannot be accepted as it is gets a `rejected` answer. */
export async function submitCommit(
  service: Delivery,
  { bundle: body, proof }: delivery.SubmitCommitRequest,
  bundle = readBundle(body),
): Promise<delivery.SubmitCommitResponse> {
  const { groupId, epoch } = bundle;
  const access = await service.gatekeeper.admit({ method: 'SubmitCommit', groupId, body, proof });
  if (access.epoch !== epoch) throw permissionDenied('PROOF_WRONG_EPOCH');
  try {
    const outcome = await append(service, bundle, { access, size: body.length });
    if (outcome.outcome === 'accepted') service.outbox.kick();
    if (outcome.outcome === 'alreadyAccepted') await requireSame(service, bundle);
    return { result: await toAnswer(service, access, outcome) };
  } catch (error) {
    if (error instanceof RefusedSubmission) return { result: error.toRejected() };
    throw error;
  }
}

async function append(
  { stores, config, clock }: Delivery,
  bundle: delivery.CommitBundle,
  { access, size }: { readonly access: GroupAccess; readonly size: number },
): Promise<AppendOutcome> {
  const welcomes = checkCommit({ bundle, size, cipherSuite: access.cipherSuite }, config);
  const { groupId, epoch, requestId, commit, groupInfo, ratchetTree, nextAccessKey } = bundle;
  return stores.groupLog.appendCommit({
    groupId,
    epoch,
    requestId,
    commit,
    commitHash: hashOf(commit),
    groupInfo,
    ratchetTree: ratchetTree.length === 0 ? undefined : ratchetTree,
    nextAccessKey,
    welcomes,
    receipt: { acceptedAtMs: clock.now(), previousReceiptHash: new Uint8Array(), keyId: '' },
  });
}

function hashOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** The log knows a repeated commit by its bytes; what came with it has to be the same too, as far as it is still there. */
async function requireSame(
  { stores: { groupLog } }: Delivery,
  { groupId, epoch, groupInfo, ratchetTree, nextAccessKey }: delivery.CommitBundle,
): Promise<void> {
  const next = await groupLog.findEpoch(groupId, epoch + 1n);
  const stored = await groupLog.groupInfo(groupId);
  const same =
    (next === undefined || equal(next.accessKey, nextAccessKey)) &&
    (stored?.epoch !== epoch + 1n ||
      (equal(stored.groupInfo, groupInfo) &&
        equal(stored.tree?.hash ?? hashOf(new Uint8Array()), hashOf(ratchetTree))));
  requireThat(
    same,
    'REQUEST_ID_REUSED',
    'the request id belongs to this commit with another GroupInfo or key',
  );
}
