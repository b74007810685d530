/**
 * ReportReceipt: compares a receipt with the log; where the log does not reach it, accepted entries were lost.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { contradictsReceipt, type Receipt } from '@canopy/identity';
import type { EpochEnd, GroupSummary } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import { requireAllowed } from '../request-limits.ts';

type Result = NonNullable<delivery.ReportReceiptResponse['result']>;

/** Compares a receipt with the log, and stops the group when the log has lost what the receipt is for. */
export async function reportReceipt(
  service: Delivery,
  { receipt: jws }: delivery.ReportReceiptRequest,
): Promise<delivery.ReportReceiptResponse> {
  const verdict = await service.receipts.verify(jws);
  if (!verdict.valid) return { result: invalid };
  // Only who was in the group has a receipt of it: it counts among the group's requests.
  await requireAllowed(service.limits.ofGroup(verdict.receipt.groupId));
  return { result: await compare(service, verdict.receipt) };
}

const invalid: Result = { $case: 'invalid', value: {} };
const lost: Result = { $case: 'lost', value: {} };

async function compare(service: Delivery, receipt: Receipt): Promise<Result> {
  const { groupLog } = service.stores;
  const { groupId, epoch, sequence } = receipt;
  const known = await compareWithLog(service, receipt);
  if (known !== undefined) return known;
  const { outcome } = await groupLog.quarantine(groupId, { epoch, sequence });
  if (outcome === 'unknownGroup') return invalid;
  const group = await groupLog.findGroup(groupId);
  // The log has reached the place: with this commit or another one meanwhile, or with messages since the loss.
  if (outcome === 'notBehind') return (await compareWithLog(service, receipt)) ?? lost;
  return { $case: 'quarantined', value: toQuarantined(group, { epoch, sequence }) };
}

/** Compares a receipt with the commit that the log has for the epoch; undefined when it has none. */
async function compareWithLog(service: Delivery, receipt: Receipt): Promise<Result | undefined> {
  const { groupId, epoch } = receipt;
  const { stores, config, receipts } = service;
  const ended = (await stores.groupLog.findEpoch(groupId, epoch))?.ended;
  if (ended === undefined) return undefined;
  if (!contradictsReceipt(receipt, toReceipt({ domain: config.domain, groupId, epoch }, ended))) {
    return { $case: 'known', value: {} };
  }
  return { $case: 'contradicted', value: { receipt: await receipts.receiptOf({ groupId, epoch, ended }) } };
}

function toReceipt(place: Pick<Receipt, 'domain' | 'groupId' | 'epoch'>, ended: EpochEnd): Receipt {
  const { commitHash, previousReceiptHash, sequence, acceptedAtMs, nextAccessKey } = ended;
  return { ...place, commitHash, previousReceiptHash, sequence, acceptedAtMs, nextAccessKey };
}

function toQuarantined(
  group: GroupSummary | undefined,
  reported: { readonly epoch: bigint; readonly sequence: bigint },
): delivery.GroupQuarantined {
  // Somebody else may have shown a newer receipt.
  const until = group?.quarantinedUntil ?? reported;
  return {
    lastSequence: group?.lastSequence ?? 0n,
    lostEpoch: until.epoch,
    lostSequence: until.sequence,
  };
}
