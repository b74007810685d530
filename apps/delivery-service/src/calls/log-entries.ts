/**
 * Entries of logs and mailboxes in the words of the API.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { LogEntry, MailboxEntry, TreeReference } from '@canopy/storage';
import type { ReceiptBook } from '../receipt-book.ts';

const KINDS = {
  commit: delivery.LogEntryKind.COMMIT,
  proposal: delivery.LogEntryKind.PROPOSAL,
  application: delivery.LogEntryKind.APPLICATION,
} as const;

/** Makes entries of a group's log, the commits with their receipts. */
export async function toLogEntries(
  receipts: ReceiptBook,
  groupId: Uint8Array,
  entries: readonly LogEntry[],
): Promise<delivery.LogEntry[]> {
  const made: delivery.LogEntry[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'commit') made.push(toMessageEntry(entry));
    else made.push({ ...toMessageEntry(entry), receipt: await receipts.receiptOf({ groupId, ...entry }) });
  }
  return made;
}

/** Makes an entry that needs no receipt. */
export function toMessageEntry({ sequence, kind, epoch, message }: LogEntry): delivery.LogEntry {
  return { sequence, kind: KINDS[kind], epoch, mlsMessage: message, receipt: '' };
}

/** Makes an entry of a mailbox. */
export function toMailboxEntry(entry: MailboxEntry): delivery.MailboxEntry {
  const { sequence, welcome, groupId, groupSequence, epoch, tree } = entry;
  return { sequence, welcome, groupId, groupSequence, tree: toTreeReference(epoch, tree) };
}

/** Says which tree of which epoch is to be read apart. */
export function toTreeReference(
  epoch: bigint,
  tree: TreeReference | undefined,
): delivery.TreeReference | undefined {
  return tree === undefined ? undefined : { epoch, hash: tree.hash, size: BigInt(tree.size) };
}

/** Says how many entries a page has: what the caller asks for, within what the service allows. */
export function pageLimit(asked: number, allowed: number): number {
  return asked === 0 ? allowed : Math.min(asked, allowed);
}
