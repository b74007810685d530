/**
 * Entries of logs and mailboxes in the words of the API.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { LogEntry, MailboxEntry } from '@canopy/storage';

const KINDS = {
  commit: delivery.LogEntryKind.COMMIT,
  proposal: delivery.LogEntryKind.PROPOSAL,
  application: delivery.LogEntryKind.APPLICATION,
} as const;

/** Makes an entry of a group's log. */
export function toLogEntry({ sequence, kind, epoch, message }: LogEntry): delivery.LogEntry {
  return { sequence, kind: KINDS[kind], epoch, mlsMessage: message };
}

/** Makes an entry of a mailbox. */
export function toMailboxEntry(entry: MailboxEntry): delivery.MailboxEntry {
  const { sequence, welcome, groupId, groupSequence, ratchetTree } = entry;
  return { sequence, welcome, groupId, groupSequence, ratchetTree: ratchetTree ?? new Uint8Array() };
}

/** Says how many entries a page has: what the caller asks for, within what the service allows. */
export function pageLimit(asked: number, allowed: number): number {
  return asked === 0 ? allowed : Math.min(asked, allowed);
}
