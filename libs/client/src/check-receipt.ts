/**
 * Holds the Delivery Service to what it signs: the receipt of each commit fits the commit, and follows the one before.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { contradictsReceipt, followsReceipt } from '@canopy/identity';
import { invalidReceipt, type ReceiptKeys, type VerifiedReceipt } from './receipt-keys.ts';
import type { ReceiptStore } from './store/receipt-store.ts';

/** What the receipt of an entry turned out to be. */
export type CheckedReceipt =
  /** The entry is no commit, or its group has never had receipts. */
  | { readonly kind: 'none' }
  | { readonly kind: 'good'; readonly verified: VerifiedReceipt }
  /** Two receipts that cannot both be true. */
  | { readonly kind: 'lie'; readonly receipts: readonly [string, string] };

/** Where an entry stands. */
export interface ReceiptContext {
  readonly conversation: string;
  readonly groupId: Uint8Array;
  readonly store: ReceiptStore;
  readonly keys: ReceiptKeys;
}

/** Checks the receipt of an entry. @throws {ClientError} INVALID_RESPONSE when it is missing or for something else */
export async function checkReceipt(
  entry: delivery.LogEntry,
  { conversation, groupId, store, keys }: ReceiptContext,
): Promise<CheckedReceipt> {
  if (entry.kind !== delivery.LogEntryKind.COMMIT) return { kind: 'none' };
  if (entry.receipt === '') {
    if (store.newest(conversation) !== undefined) throw invalidReceipt('MISSING');
    return { kind: 'none' };
  }
  const verified = await keys.verify(entry.receipt);
  requireFits(verified, entry, groupId);
  const same = store.find(conversation, entry.epoch);
  if (same !== undefined && contradictsReceipt(verified.receipt, (await keys.verify(same.jws)).receipt)) {
    return { kind: 'lie', receipts: [same.jws, verified.jws] };
  }
  const before = store.find(conversation, entry.epoch - 1n);
  // The first receipt that a device sees has nothing to follow.
  if (before !== undefined && !followsReceipt(verified.receipt, await keys.verify(before.jws))) {
    return { kind: 'lie', receipts: [before.jws, verified.jws] };
  }
  return { kind: 'good', verified };
}

function requireFits(
  { receipt }: VerifiedReceipt,
  { epoch, sequence, mlsMessage }: delivery.LogEntry,
  groupId: Uint8Array,
): void {
  if (!equal(receipt.groupId, groupId)) throw invalidReceipt('WRONG_GROUP');
  if (receipt.epoch !== epoch) throw invalidReceipt('WRONG_EPOCH');
  if (receipt.sequence !== sequence) throw invalidReceipt('WRONG_SEQUENCE');
  const hash = createHash('sha256').update(mlsMessage).digest();
  if (!equal(receipt.commitHash, hash)) throw invalidReceipt('WRONG_COMMIT');
}
