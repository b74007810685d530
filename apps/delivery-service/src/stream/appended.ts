/**
 * What was appended just now, in the shape in which a log is read.
 *
 * @module
 */
import type { AppendOutcome, LogEntry, NewMessage } from '@canopy/storage';

/** Entries of one group, in the order of the log. */
export interface Appended {
  readonly groupId: Uint8Array;
  readonly entries: readonly LogEntry[];
}

/** The name of a group among the logs. */
export function groupKeyOf(groupId: Uint8Array): string {
  return Buffer.from(groupId.buffer, groupId.byteOffset, groupId.length).toString('latin1');
}

/** Gives the entries that messages have become, of the groups that are wanted. */
export function acceptedOf(
  messages: readonly NewMessage[],
  outcomes: readonly AppendOutcome[],
  isWanted: (groupKey: string) => boolean,
): readonly Appended[] {
  const byGroup = new Map<string, { readonly groupId: Uint8Array; readonly entries: LogEntry[] }>();
  for (const [index, { groupId, kind, epoch, message }] of messages.entries()) {
    const outcome = outcomes[index];
    if (outcome?.outcome !== 'accepted') continue;
    const key = groupKeyOf(groupId);
    let appended = byGroup.get(key);
    if (appended === undefined) {
      if (!isWanted(key)) continue;
      appended = { groupId: new Uint8Array(groupId), entries: [] };
      byGroup.set(key, appended);
    }
    // A copy: the message is a part of the request that it came in, which is not to be kept for it.
    appended.entries.push({ sequence: outcome.sequence, kind, epoch, message: new Uint8Array(message) });
  }
  return [...byGroup.values()];
}

/** Splits entries into pages as a reading would: without holes, and none too large. */
export function pagesOf(
  entries: readonly LogEntry[],
  { pageEntries, pageBytes }: { readonly pageEntries: number; readonly pageBytes: number },
): readonly (readonly LogEntry[])[] {
  const pages: LogEntry[][] = [];
  let page: LogEntry[] = [];
  let size = 0;
  for (const entry of entries) {
    const before = page.at(-1);
    size += entry.message.length;
    const goesOn = before?.sequence === entry.sequence - 1n && page.length < pageEntries && size <= pageBytes;
    if (!goesOn) {
      page = [];
      pages.push(page);
      size = entry.message.length;
    }
    page.push(entry);
  }
  return pages;
}
