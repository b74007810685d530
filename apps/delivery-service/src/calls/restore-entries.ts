/**
 * RestoreEntries: takes back a commit that the log has lost, shown by its receipt, and the messages before it.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import type { Receipt } from '@canopy/identity';
import { permissionDenied } from '@canopy/service';
import type { EpochEnd, Restoration } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import { requireAllowed } from '../request-limits.ts';
import { checkLostEntries, lostCommitOf } from '../rules/check-lost-entries.ts';
import { fromSubmission, RefusedRestoration, requireRestorable } from '../rules/refused-restoration.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { readLostEntries } from './request-fields.ts';

type Result = NonNullable<delivery.RestoreEntriesResponse['result']>;

/** A receipt of this service, with the name of its key. */
interface ShownReceipt {
  readonly kid: string;
  readonly receipt: Receipt;
}

/** Puts lost entries back, for a member of the epoch that their commit began. */
export async function restoreEntries(
  service: Delivery,
  { entries: body, proof }: delivery.RestoreEntriesRequest,
): Promise<delivery.RestoreEntriesResponse> {
  const lost = readLostEntries(body);
  try {
    const shown = await requireReceipt(service, lost);
    requireMember(service, shown.receipt, { body, proof });
    await requireAllowed(service.limits.ofGroup(lost.groupId));
    return { result: await restore(service, lost, shown) };
  } catch (error) {
    if (error instanceof RefusedRestoration) return { result: error.toRefused() };
    if (error instanceof RefusedSubmission) return { result: fromSubmission(error).toRefused() };
    throw error;
  }
}

async function requireReceipt({ receipts }: Delivery, lost: delivery.LostEntries): Promise<ShownReceipt> {
  const verdict = await receipts.verify(lostCommitOf(lost).receipt);
  if (!verdict.valid) throw new RefusedRestoration('RECEIPT_INVALID', verdict.reason);
  return verdict;
}

/** Whoever holds the key that the receipt names was in the group after the commit. @throws {ServiceError} PERMISSION_DENIED */
function requireMember(
  { gatekeeper }: Delivery,
  { groupId, epoch, nextAccessKey }: Receipt,
  { body, proof }: { readonly body: Uint8Array; readonly proof: delivery.EpochProof | undefined },
): void {
  gatekeeper.admitBy(nextAccessKey, { method: 'RestoreEntries', groupId, body, proof });
  if (proof?.epoch !== epoch + 1n) throw permissionDenied('PROOF_WRONG_EPOCH');
}

async function restore(
  service: Delivery,
  lost: delivery.LostEntries,
  { receipt, kid }: ShownReceipt,
): Promise<Result> {
  const { stores, config, clock, receipts } = service;
  const group = await stores.groupLog.findGroup(lost.groupId);
  if (group === undefined) throw new RefusedRestoration('RECEIPT_INVALID', 'there is no such group');
  const { cipherSuite } = group;
  const checked = checkLostEntries(lost, { receipt, cipherSuite }, config);
  if (group.epoch === receipt.epoch) {
    const before = await receipts.hashBefore(lost.groupId, receipt.epoch);
    const follows = equal(before, receipt.previousReceiptHash);
    requireRestorable(follows, 'CONTRADICTED', 'the log has another commit before this one');
  }
  return put(service, {
    groupId: lost.groupId,
    ...checked,
    epoch: receipt.epoch,
    ended: toEpochEnd(receipt, kid),
    groupInfo: lost.groupInfo,
    ratchetTree: lost.ratchetTree.length === 0 ? undefined : lost.ratchetTree,
    nowMs: Math.floor(clock.now()),
  });
}

function toEpochEnd(receipt: Receipt, keyId: string): EpochEnd {
  const { sequence, commitHash, nextAccessKey, acceptedAtMs, previousReceiptHash } = receipt;
  return { sequence, commitHash, nextAccessKey, acceptedAtMs, previousReceiptHash, keyId };
}

async function put({ stores: { groupLog } }: Delivery, restoration: Restoration): Promise<Result> {
  const { outcome } = await groupLog.restore(restoration);
  switch (outcome) {
    case 'restored':
    case 'alreadyThere': {
      const group = await groupLog.findGroup(restoration.groupId);
      const reopened = group?.quarantinedUntil === undefined;
      return { $case: 'restored', value: { alreadyThere: outcome === 'alreadyThere', reopened } };
    }
    case 'contradicts':
      throw new RefusedRestoration('CONTRADICTED', 'the log has another entry in this place');
    case 'gap':
      throw new RefusedRestoration('GAP', 'the entries do not begin where the log ends');
    case 'unknownGroup':
      throw new RefusedRestoration('RECEIPT_INVALID', 'there is no such group');
  }
}
