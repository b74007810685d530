/**
 * A Welcome is never lost and never delivered twice.
 *
 * @module
 */
import type { History, ReadMailbox } from './event.ts';
import type { GroupHistory } from './group-history.ts';
import type { Violation } from './violation.ts';

/** Checks every mailbox against the commits that are in the logs. */
export function checkWelcomes(
  { events, areMailboxesSettled }: History,
  groups: readonly GroupHistory[],
): readonly Violation[] {
  const mailboxes = events.filter((event) => event.kind === 'mailbox');
  const due = new Set(groups.flatMap(dueWelcomes));
  const faults = mailboxes.flatMap((mailbox) => [...checkOrder(mailbox), ...checkOrigin(mailbox, due)]);
  return areMailboxesSettled ? [...faults, ...checkLoss(mailboxes, due)] : faults;
}

function dueWelcomes({ group, log, attempts }: GroupHistory): readonly string[] {
  return log.flatMap(({ hash, sequence }) =>
    (attempts.get(hash)?.[0]?.recipients ?? []).map((device) => nameOf(device, group, sequence)),
  );
}

function nameOf(device: string, group: string, groupSequence: bigint): string {
  return `${device} for group ${group} at ${groupSequence}`;
}

function namesIn({ device, entries }: ReadMailbox): readonly string[] {
  return entries.map(({ group, groupSequence }) => nameOf(device, group, groupSequence));
}

function checkOrder(mailbox: ReadMailbox): readonly Violation[] {
  const { entries, device } = mailbox;
  const isRising = entries.every(
    ({ sequence }, at) => at === 0 || sequence > (entries[at - 1]?.sequence ?? 0n),
  );
  const isOnce = new Set(namesIn(mailbox)).size === entries.length;
  if (isRising && isOnce) return [];
  const what = isRising ? 'has a Welcome twice' : 'is out of order';
  return [{ rule: 'welcome-once', detail: `the mailbox of ${device} ${what}`, excerpt: [mailbox] }];
}

function checkOrigin(mailbox: ReadMailbox, due: ReadonlySet<string>): readonly Violation[] {
  return namesIn(mailbox)
    .filter((name) => !due.has(name))
    .map((name) => ({
      rule: 'welcome-once' as const,
      detail: `a Welcome of no accepted commit: ${name}`,
      excerpt: [mailbox],
    }));
}

function checkLoss(mailboxes: readonly ReadMailbox[], due: ReadonlySet<string>): readonly Violation[] {
  const delivered = new Set(mailboxes.flatMap(namesIn));
  return [...due]
    .filter((name) => !delivered.has(name))
    .map((name) => ({ rule: 'welcome-once' as const, detail: `a lost Welcome: ${name}`, excerpt: [] }));
}
