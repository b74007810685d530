/**
 * Quarantine and repair of logs on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import type { EpochEnd, LogMark, Restoration, RestoreOutcome } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { insertRestored, moveEnd } from './entries.ts';
import { endEpoch, findEpochAccess, findHead } from './epochs.ts';
import type { Head } from './epochs.ts';
import { beginEpoch } from './trees.ts';

/** Stops the appends to a log that does not reach a mark; of two marks the further one counts. */
export function quarantine(
  connection: SqliteConnection,
  groupId: Uint8Array,
  until: LogMark,
): 'quarantined' | 'notBehind' | 'unknownGroup' {
  const head = findHead(connection, groupId);
  if (head === undefined) return 'unknownGroup';
  if (reaches(head.epoch, until) || head.lastSequence >= until.sequence) return 'notBehind';
  if (head.quarantinedUntil === undefined || head.quarantinedUntil.epoch < until.epoch)
    connection.run(
      'UPDATE delivery_group SET quarantined_epoch = ?, quarantined_sequence = ? WHERE id = ?',
      until.epoch,
      until.sequence,
      head.key,
    );
  return 'quarantined';
}

/** Puts a lost commit and the messages before it back. */
export function restore(connection: SqliteConnection, restoration: Restoration): RestoreOutcome['outcome'] {
  const head = findHead(connection, restoration.groupId);
  if (head === undefined) return 'unknownGroup';
  const refused = judge(connection, head, restoration);
  if (refused === 'contradicts') reopen(connection, head);
  if (refused !== undefined) return refused;
  place(connection, head, restoration);
  const { quarantinedUntil } = head;
  if (quarantinedUntil !== undefined && reaches(head.epoch + 1n, quarantinedUntil)) reopen(connection, head);
  return 'restored';
}

function reopen(connection: SqliteConnection, head: Head): void {
  connection.run(
    'UPDATE delivery_group SET quarantined_epoch = NULL, quarantined_sequence = NULL WHERE id = ?',
    head.key,
  );
}

function reaches(epoch: bigint, mark: LogMark): boolean {
  return epoch > mark.epoch;
}

function judge(
  connection: SqliteConnection,
  head: Head,
  { epoch, ended, messages }: Restoration,
): RestoreOutcome['outcome'] | undefined {
  if (epoch > head.epoch) return 'gap';
  if (epoch < head.epoch) {
    const known = findEpochAccess(connection, head.key, epoch)?.ended;
    return known !== undefined && isSame(known, ended) ? 'alreadyThere' : 'contradicts';
  }
  if (ended.sequence <= head.lastSequence) return 'contradicts';
  const isWhole = messages.every(({ sequence }, i) => sequence === head.lastSequence + BigInt(i) + 1n);
  const reachesCommit = ended.sequence === head.lastSequence + BigInt(messages.length) + 1n;
  return isWhole && reachesCommit ? undefined : 'gap';
}

function isSame(known: EpochEnd, ended: EpochEnd): boolean {
  return known.sequence === ended.sequence && Buffer.compare(known.commitHash, ended.commitHash) === 0;
}

function place(connection: SqliteConnection, head: Head, restoration: Restoration): void {
  const { ended, commit, epoch, nowMs } = restoration;
  const { sequence } = ended;
  const entries = [...restoration.messages, { sequence, epoch, kind: 'commit' as const, message: commit }];
  for (const entry of entries) insertRestored(connection, head.key, { ...entry, nowMs });
  moveEnd(connection, head.key, { sequence, nowMs });
  connection.run('UPDATE delivery_group SET restored_sequence = ? WHERE id = ?', sequence, head.key);
  endEpoch(connection, head, ended);
  beginEpoch(connection, {
    groupKey: head.key,
    epoch: epoch + 1n,
    groupInfo: restoration.groupInfo,
    ratchetTree: restoration.ratchetTree,
    welcomed: false,
    nowMs,
  });
}
