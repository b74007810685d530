/**
 * Entries of logs and mailboxes in the words of the API.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { LogEntry, MailboxEntry, TreeReference } from '@canopy/storage';

const KINDS = {
  commit: delivery.LogEntryKind.COMMIT,
  proposal: delivery.LogEntryKind.PROPOSAL,
  application: delivery.LogEntryKind.APPLICATION,
} as const;

/** Makes an entry of a group's log. */
export function toLogEntry({ sequence, kind, epoch, message }: LogEntry): delivery.LogEntry {
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
