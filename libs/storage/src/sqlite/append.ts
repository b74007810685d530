/**
 * Appends to logs on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { AppendOutcome, NewCommit, NewMessage } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { findRepeatedCommit, findRepeatedMessage, insertEntry, moveEnd } from './entries.ts';
import { endEpoch, findEpochAccess, findHead } from './epochs.ts';
import type { Head } from './epochs.ts';
import { SqliteOutbox } from './outbox.ts';
import { isOpen, revokeTickets, useTicket } from './tickets.ts';
import { beginEpoch } from './trees.ts';

/** Ends the current epoch with a commit. */
export function appendCommit(connection: SqliteConnection, commit: NewCommit): AppendOutcome {
  const head = findHead(connection, commit.groupId);
  if (head === undefined) return { outcome: 'unknownGroup' };
  const refused =
    findRepeatedCommit(connection, head, commit) ??
    findObstacle(connection, head, { epoch: commit.epoch, maxPastEpochs: 0 }) ??
    findTicketFault(connection, head, commit);
  if (refused !== undefined) return refused;
  const sequence = head.lastSequence + 1n;
  placeCommit(connection, head, { ...commit, sequence });
  return { outcome: 'accepted', sequence };
}

/** Appends messages of any groups, each by itself. */
export function appendMessages(
  connection: SqliteConnection,
  messages: readonly NewMessage[],
): readonly AppendOutcome[] {
  const ends = new Map<string, LogEnd>();
  const outcomes = messages.map((message) => appendMessage(connection, ends, message));
  for (const { head, nowMs } of ends.values())
    moveEnd(connection, head.key, { sequence: head.lastSequence, nowMs });
  return outcomes;
}

/** Says what keeps a log from taking something for an epoch now. */
function findObstacle(
  connection: SqliteConnection,
  head: Head,
  { epoch, maxPastEpochs }: Pick<NewMessage, 'epoch' | 'maxPastEpochs'>,
): AppendOutcome | undefined {
  if (head.quarantinedUntil !== undefined) return { outcome: 'quarantined', until: head.quarantinedUntil };
  if (epoch <= head.epoch && head.epoch - epoch <= BigInt(maxPastEpochs)) return undefined;
  const winningCommitHash = findEpochAccess(connection, head.key, epoch)?.ended?.commitHash;
  return { outcome: 'conflict', currentEpoch: head.epoch, winningCommitHash };
}

function findTicketFault(
  connection: SqliteConnection,
  head: Head,
  { ticketHash, receipt }: NewCommit,
): AppendOutcome | undefined {
  if (ticketHash === undefined) return undefined;
  const use = { groupKey: head.key, tokenHash: ticketHash, nowMs: receipt.acceptedAtMs };
  return isOpen(connection, use) ? undefined : { outcome: 'ticketInvalid' };
}

function placeCommit(
  connection: SqliteConnection,
  head: Head,
  commit: NewCommit & { readonly sequence: bigint },
): void {
  const { sequence, epoch, receipt, commitHash, nextAccessKey, ticketHash } = commit;
  const nowMs = receipt.acceptedAtMs;
  const { requestId, commit: message } = commit;
  insertEntry(connection, head.key, { sequence, kind: 'commit', epoch, nowMs, requestId, message });
  moveEnd(connection, head.key, { sequence, nowMs });
  endEpoch(connection, head, { ...receipt, sequence, commitHash, nextAccessKey });
  const tree = beginEpoch(connection, {
    groupKey: head.key,
    epoch: epoch + 1n,
    groupInfo: commit.groupInfo,
    ratchetTree: commit.ratchetTree,
    welcomed: commit.welcomes.length > 0,
    nowMs,
  });
  if (ticketHash !== undefined) useTicket(connection, head.key, ticketHash);
  if (commit.revokesTickets === true) revokeTickets(connection, head.key);
  new SqliteOutbox(connection).put({ groupKey: head.key, sequence, tree }, commit);
}

/** Where a log ends after the messages so far. */
interface LogEnd {
  readonly head: Head;
  readonly nowMs: number;
}

function appendMessage(
  connection: SqliteConnection,
  ends: Map<string, LogEnd>,
  message: NewMessage,
): AppendOutcome {
  const topic = Buffer.from(message.groupId).toString('latin1');
  const head = ends.get(topic)?.head ?? findHead(connection, message.groupId);
  if (head === undefined) return { outcome: 'unknownGroup' };
  const maxPastEpochs = message.kind === 'application' ? message.maxPastEpochs : 0;
  const obstacle = findObstacle(connection, head, { epoch: message.epoch, maxPastEpochs });
  // The table itself says whether the request id is taken; it need not be asked before, except where it does not say all.
  if (obstacle !== undefined || head.restoredSequence > 0n) {
    const refused = findRepeatedMessage(connection, head, message) ?? obstacle;
    if (refused !== undefined) return refused;
  }
  const sequence = head.lastSequence + 1n;
  if (!insertEntry(connection, head.key, { ...message, sequence }))
    return repeatedMessage(connection, head, message);
  ends.set(topic, { head: { ...head, lastSequence: sequence }, nowMs: message.nowMs });
  return { outcome: 'accepted', sequence };
}

function repeatedMessage(connection: SqliteConnection, head: Head, message: NewMessage): AppendOutcome {
  const repeated = findRepeatedMessage(connection, head, message);
  if (repeated === undefined) throw new StorageError('CORRUPT', 'a request id that is taken by no entry');
  return repeated;
}
