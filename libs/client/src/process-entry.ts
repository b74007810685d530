/**
 * Judges an entry of the log: what it means, and whether the service has signed for it.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { Group } from '@canopy/mls';
import { checkReceipt, type CheckedReceipt } from './check-receipt.ts';
import { accessKeyOf } from './group-proof.ts';
import { openEntry, requireTrueKind, type EntryContext, type OpenedEntry } from './open-entry.ts';
import { invalidReceipt, type VerifiedReceipt } from './receipt-keys.ts';
import type { Surroundings } from './surroundings.ts';

/** An entry that was judged; the group's ratchets may have moved, its epoch has not. */
export interface JudgedEntry {
  readonly opened: OpenedEntry;
  /** What the service has signed for a commit. */
  readonly receipt: VerifiedReceipt | undefined;
}

/** Judges an entry; one whose content was there before means nothing, whatever its number. @throws {ClientError} INVALID_RESPONSE */
export async function judgeEntry(
  entry: delivery.LogEntry,
  conversation: string,
  context: EntryContext,
  around: Surroundings,
): Promise<JudgedEntry> {
  requireTrueKind(entry);
  const checked = await checkReceiptOf(entry, { conversation, groupId: context.group.groupId }, around);
  if (checked.kind === 'lie') return { opened: checked, receipt: undefined };
  if (checked.kind === 'good') requireNoneLeftOut(entry, conversation, context, around);
  const receipt = checked.kind === 'good' ? checked.verified : undefined;
  if (around.store.recentEntries.has(conversation, entry.mlsMessage)) {
    return { opened: { kind: 'nothing' }, receipt };
  }
  const opened = await openEntry(entry, context);
  if (receipt === undefined || isForNext(receipt, opened, around)) return { opened, receipt };
  // Nobody could prove to be a member of the next epoch: it cannot be entered by this commit.
  if (opened.kind === 'commit') context.group.drop(opened.staged);
  return { opened: { kind: 'unreadable', code: 'WRONG_ACCESS_KEY' }, receipt };
}

/** After the first receipt that a device has had in its membership, that of every commit has been shown. */
function requireNoneLeftOut(
  { epoch }: delivery.LogEntry,
  conversation: string,
  { joinedEpoch }: EntryContext,
  { store }: Surroundings,
): void {
  const newest = store.receipts.newest(conversation);
  if (newest !== undefined && epoch > joinedEpoch && epoch > newest.epoch + 1n) {
    throw invalidReceipt('LEFT_OUT');
  }
}

/** What an entry with a number that was passed is: the one that was there or not known any more, another one, or a lie. */
export type PassedEntry = 'same' | 'contradiction' | { readonly receipts: readonly [string, string] };

/** Looks at an entry with a number that was passed. @throws {ClientError} INVALID_RESPONSE */
export async function judgePassed(
  entry: delivery.LogEntry,
  place: { readonly conversation: string; readonly groupId: Uint8Array },
  around: Surroundings,
): Promise<PassedEntry> {
  const { recentEntries, receipts } = around.store;
  const seen = recentEntries.find(place.conversation, entry.sequence);
  if (seen === undefined) return 'same';
  if (entry.receipt !== '' && entry.receipt !== receipts.find(place.conversation, entry.epoch)?.jws) {
    const checked = await checkReceiptOf(entry, place, around);
    if (checked.kind === 'lie') return { receipts: checked.receipts };
  }
  return equal(seen.mlsMessage, entry.mlsMessage) ? 'same' : 'contradiction';
}

/** Checks the receipt of an entry against what the state file has. @throws {ClientError} INVALID_RESPONSE */
export function checkReceiptOf(
  entry: delivery.LogEntry,
  place: { readonly conversation: string; readonly groupId: Uint8Array },
  { store, receiptKeys: keys }: Surroundings,
): Promise<CheckedReceipt> {
  return checkReceipt(entry, { ...place, store: store.receipts, keys });
}

function isForNext({ receipt }: VerifiedReceipt, opened: OpenedEntry, { options }: Surroundings): boolean {
  if (opened.kind !== 'commit' && opened.kind !== 'ownCommit') return true;
  const { staged } = opened.kind === 'commit' ? opened : opened.pending;
  if (staged.effects.selfRemoved) return true;
  return equal(accessKeyOf(new Group(staged.state, options)), receipt.nextAccessKey);
}
