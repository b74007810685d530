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

/** As in the schema: the entries of a group lie side by side, and the table needs no other key. */
const SEQUENCE_BITS = 40n;
const LARGEST_SEQUENCE = (1n << SEQUENCE_BITS) - 1n;

/** The place of an entry in the table. */
export function placeOf(groupKey: bigint, sequence: bigint): bigint {
  return (groupKey << SEQUENCE_BITS) + toSequence(sequence);
}

/** Reads the sequence number out of the column `position`. */
export function sequenceOf(row: Row): bigint {
  return integer(row, 'position') & LARGEST_SEQUENCE;
}

/** No log ever comes to the largest number. */
function toSequence(value: bigint): bigint {
  return value > LARGEST_SEQUENCE ? LARGEST_SEQUENCE : value;
}

/** Writes an entry, unless its request id is taken; says whether it did. */
export function insertEntry(connection: SqliteConnection, groupKey: bigint, entry: PlacedEntry): boolean {
  const written = connection.run(
    `INSERT INTO log_entry (position, kind, epoch, accepted_at_ms, request_id, message)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (position >> 40, request_id) DO NOTHING`,
    placeOf(groupKey, entry.sequence),
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

/** Writes an entry whose request id was lost: it is known by what it says. */
export function insertRestored(
  connection: SqliteConnection,
  groupKey: bigint,
  entry: Omit<PlacedEntry, 'requestId'>,
): void {
  const requestId = restoredId(entry);
  if (insertEntry(connection, groupKey, { ...entry, requestId })) return;
  // The same was sent twice under two request ids; a retry is told of the first one.
  const another = Buffer.concat([requestId, Buffer.from(` ${entry.sequence}`)]);
  insertEntry(connection, groupKey, { ...entry, requestId: another });
}

function restoredId({ kind, epoch, message }: Pick<PlacedEntry, 'kind' | 'epoch' | 'message'>): Uint8Array {
  const said = createHash('sha256').update(`${kind} ${epoch} `).update(message).digest();
  return Buffer.concat([RESTORED, said]);
}

/** Says whether a message was appended before under its request id, or put back after a loss. */
export function findRepeatedMessage(
  connection: SqliteConnection,
  head: Head,
  message: NewMessage,
): AppendOutcome | undefined {
  const earlier = findSame(connection, head, message, message.requestId);
  if (earlier !== undefined || head.restoredSequence === 0n) return earlier;
  return findSame(connection, head, message, restoredId(message));
}

/** Says whether a commit was appended before: under its request id, or as the one that ended its epoch. */
export function findRepeatedCommit(
  connection: SqliteConnection,
  head: Head,
  commit: NewCommit,
): AppendOutcome | undefined {
  const row = connection.get(
    `SELECT l.position, l.kind = 1 AND l.epoch = ? AND e.commit_hash = ? AS same
     FROM log_entry l LEFT JOIN group_epoch e ON e.group_key = l.position >> 40 AND e.epoch = l.epoch
     WHERE l.position >> 40 = ? AND l.request_id = ?`,
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
    `SELECT l.position, l.kind, l.epoch, l.message
     FROM delivery_group g JOIN log_entry l ON l.position > (g.id << 40) + ? AND l.position <= (g.id << 40) + ?
     WHERE g.group_id = ? ORDER BY l.position LIMIT ?`,
    toSequence(query.afterSequence),
    toSequence(query.upToSequence ?? LARGEST_SEQUENCE),
    query.groupId,
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
    `SELECT position, kind = ? AND epoch = ? AND message = ? AS same
     FROM log_entry WHERE position >> 40 = ? AND request_id = ?`,
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
  return { outcome: 'alreadyAccepted', sequence: sequenceOf(row) };
}

function toLogEntry(connection: SqliteConnection, row: Row): LogEntry {
  const kind = toKind(integer(row, 'kind'));
  const sequence = sequenceOf(row);
  const epoch = integer(row, 'epoch');
  const message = bytes(row, 'message');
  if (kind !== 'commit') return { sequence, kind, epoch, message };
  const ended = findEpochAccess(connection, integer(row, 'position') >> SEQUENCE_BITS, epoch)?.ended;
  if (ended === undefined) throw new StorageError('CORRUPT', 'a commit whose epoch has not ended');
  return { sequence, kind, epoch, message, ended };
}

function toKind(code: bigint): LogEntryKind {
  if (code === 1n) return 'commit';
  if (code === 2n) return 'proposal';
  if (code === 3n) return 'application';
  throw new StorageError('CORRUPT', 'column kind: expected a kind of entry');
}
