/**
 * The entries of logs on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { StorageError } from '../errors.ts';
import type { AppendOutcome, LogEntry, LogEntryKind, LogQuery, NewCommit, NewMessage } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { findEpochAccess } from './epochs.ts';
import type { Head } from './epochs.ts';
import { takePage } from './page.ts';
import { bytes, integer, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** An entry on its way to its place. */
export interface PlacedEntry {
  readonly sequence: bigint;
  readonly kind: LogEntryKind;
  readonly epoch: bigint;
  readonly nowMs: number;
  readonly requestId: Uint8Array;
  readonly message: Uint8Array;
}

const CODES = { commit: 1, proposal: 2, application: 3 } as const;
const RESTORED = Buffer.from('restored:');

/** Writes an entry, unless its request id is taken; says whether it did. */
export function insertEntry(connection: SqliteConnection, groupKey: bigint, entry: PlacedEntry): boolean {
  const written = connection.run(
    `INSERT INTO log_entry (group_key, sequence, kind, epoch, accepted_at_ms, request_id, message)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (group_key, request_id) DO NOTHING`,
    groupKey,
    entry.sequence,
    CODES[entry.kind],
    entry.epoch,
    entry.nowMs,
    entry.requestId,
    entry.message,
  );
  return written === 1;
}

/** Moves the end of a log on. */
export function moveEnd(
  connection: SqliteConnection,
  groupKey: bigint,
  { sequence, nowMs }: Pick<PlacedEntry, 'sequence' | 'nowMs'>,
): void {
  connection.run(
    'UPDATE delivery_group SET last_sequence = ?, first_at_ms = coalesce(first_at_ms, ?) WHERE id = ?',
    sequence,
    nowMs,
    groupKey,
  );
}

/** What an entry is known by whose request id was lost: what it says. */
export function restoredId(message: Uint8Array): Uint8Array {
  return Buffer.concat([RESTORED, createHash('sha256').update(message).digest()]);
}

/** Says whether a message was appended before under its request id, or put back after a loss. */
export function findRepeatedMessage(
  connection: SqliteConnection,
  head: Head,
  message: NewMessage,
): AppendOutcome | undefined {
  const earlier = findSame(connection, head, message, message.requestId);
  if (earlier !== undefined || head.restoredSequence === 0n) return earlier;
  return findSame(connection, head, message, restoredId(message.message));
}

/** Says whether a commit was appended before: under its request id, or as the one that ended its epoch. */
export function findRepeatedCommit(
  connection: SqliteConnection,
  head: Head,
  commit: NewCommit,
): AppendOutcome | undefined {
  const row = connection.get(
    `SELECT l.sequence, l.kind = 1 AND l.epoch = ? AND e.commit_hash = ? AS same
     FROM log_entry l LEFT JOIN group_epoch e ON e.group_key = l.group_key AND e.epoch = l.epoch
     WHERE l.group_key = ? AND l.request_id = ?`,
    toInteger(commit.epoch),
    commit.commitHash,
    head.key,
    commit.requestId,
  );
  if (row !== undefined) return toRepeated(row);
  if (commit.epoch >= head.epoch) return undefined;
  const ended = findEpochAccess(connection, head.key, commit.epoch)?.ended;
  return ended !== undefined && Buffer.compare(ended.commitHash, commit.commitHash) === 0
    ? { outcome: 'alreadyAccepted', sequence: ended.sequence }
    : undefined;
}

/** Reads a page. */
export function readEntries(connection: SqliteConnection, query: LogQuery): readonly LogEntry[] {
  const rows = connection.iterate(
    `SELECT l.group_key, l.sequence, l.kind, l.epoch, l.message
     FROM log_entry l JOIN delivery_group g ON g.id = l.group_key
     WHERE g.group_id = ? AND l.sequence > ? AND l.sequence <= ? ORDER BY l.sequence LIMIT ?`,
    query.groupId,
    toInteger(query.afterSequence),
    toInteger(query.upToSequence ?? 2n ** 64n - 1n),
    query.limit,
  );
  const toEntry = (row: Row): LogEntry => toLogEntry(connection, row);
  return takePage(rows, query.maxBytes, toEntry, (entry) => entry.message.length);
}

function findSame(
  connection: SqliteConnection,
  head: Head,
  { kind, epoch, message }: NewMessage,
  requestId: Uint8Array,
): AppendOutcome | undefined {
  const row = connection.get(
    `SELECT sequence, kind = ? AND epoch = ? AND message = ? AS same
     FROM log_entry WHERE group_key = ? AND request_id = ?`,
    CODES[kind],
    toInteger(epoch),
    message,
    head.key,
    requestId,
  );
  return row === undefined ? undefined : toRepeated(row);
}

function toRepeated(row: Row): AppendOutcome {
  if (row['same'] !== 1n) return { outcome: 'requestIdReused' };
  return { outcome: 'alreadyAccepted', sequence: integer(row, 'sequence') };
}

function toLogEntry(connection: SqliteConnection, row: Row): LogEntry {
  const kind = toKind(integer(row, 'kind'));
  const sequence = integer(row, 'sequence');
  const epoch = integer(row, 'epoch');
  const message = bytes(row, 'message');
  if (kind !== 'commit') return { sequence, kind, epoch, message };
  const ended = findEpochAccess(connection, integer(row, 'group_key'), epoch)?.ended;
  if (ended === undefined) throw new StorageError('CORRUPT', 'a commit whose epoch has not ended');
  return { sequence, kind, epoch, message, ended };
}

function toKind(code: bigint): LogEntryKind {
  if (code === 1n) return 'commit';
  if (code === 2n) return 'proposal';
  if (code === 3n) return 'application';
  throw new StorageError('CORRUPT', 'column kind: expected a kind of entry');
}
