/**
 * What the scripts of a group answer, in the words of the port.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { AppendOutcome, LogEntry, LogEntryKind, LogMark } from '../group-log.ts';
import { toEpochEnd } from './epoch-record.ts';
import { toBigInt, toBytes, toText, unexpected } from './reply.ts';

const LETTERS = { commit: 'c', proposal: 'p', application: 'a' } as const;

/** Writes a kind as the log keeps it. */
export function toKindLetter(kind: LogEntryKind): string {
  return LETTERS[kind];
}

/** Reads one of some words. */
export function toWord<Word extends string>(reply: unknown, words: readonly Word[]): Word {
  const text = toText(reply);
  const word = words.find((each) => each === text);
  if (word === undefined) throw unexpected();
  return word;
}

/** Reads how far a log must come. */
export function toMark(epoch: unknown, sequence: unknown): LogMark {
  return { epoch: toBigInt(epoch), sequence: toBigInt(sequence) };
}

/** Reads what became of one offer. @throws StorageError UNAVAILABLE when it was so late that nothing was done */
export function toAppendOutcome(reply: unknown): AppendOutcome {
  if (typeof reply === 'number')
    return reply > 0
      ? { outcome: 'accepted', sequence: BigInt(reply) }
      : { outcome: 'alreadyAccepted', sequence: BigInt(-reply) };
  if (Array.isArray(reply)) return toObstacle(reply);
  const word = toWord(reply, ['late', 'unknownGroup', 'requestIdReused', 'ticketInvalid']);
  if (word === 'late') throw new StorageError('UNAVAILABLE', 'the commit reached Redis too late');
  return { outcome: word };
}

function toObstacle([word, first, second]: readonly unknown[]): AppendOutcome {
  if (toWord(word, ['conflict', 'quarantined']) === 'quarantined')
    return { outcome: 'quarantined', until: toMark(first, second) };
  return {
    outcome: 'conflict',
    currentEpoch: toBigInt(first),
    winningCommitHash: toEpochEnd(second, new Uint8Array())?.commitHash,
  };
}

/** Reads an entry: id, kind, epoch, message, and of a commit how its epoch ended and the next access key. */
export function toLogEntry([id, kind, epoch, message, ended, next]: readonly unknown[]): LogEntry {
  const entry = {
    sequence: BigInt(toText(id).split('-')[0] ?? ''),
    epoch: toBigInt(epoch),
    message: toBytes(message),
  };
  const letter = toText(kind);
  if (letter === LETTERS.proposal) return { ...entry, kind: 'proposal' };
  if (letter === LETTERS.application) return { ...entry, kind: 'application' };
  const end = toEpochEnd(ended, next);
  if (letter !== LETTERS.commit || end === undefined) throw unexpected();
  return { ...entry, kind: 'commit', ended: end };
}
