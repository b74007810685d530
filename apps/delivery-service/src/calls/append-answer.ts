/**
 * What a sender is told about an append.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { permissionDenied } from '@canopy/service';
import type { AppendOutcome } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import type { Exceeded } from '../request-limits.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { toLogEntries } from './log-entries.ts';

/** The answers by which nothing is in the log that was not there, for SubmitCommit and SendMessage alike. */
export type AppendRefusal =
  | { $case: 'conflict'; value: delivery.EpochConflict }
  | { $case: 'rejected'; value: delivery.SubmissionRejected }
  | { $case: 'quarantined'; value: delivery.GroupQuarantined }
  | { $case: 'limited'; value: delivery.LimitExceeded };

/** An answer, where something accepted says no more than where it stands. */
export type AppendAnswer = { $case: 'accepted'; value: delivery.MessageAccepted } | AppendRefusal;

/**
 * Where a sender is told. On a stream a conflict shows no entries: the group's topic brings them, at the reader's speed. Thousands
 * of answers may wait there, and with a page each they would be more than a process can hold.
 */
export type Place = 'call' | 'stream';

/** Who is told. */
export interface Sender {
  readonly groupId: Uint8Array;
  readonly place: Place;
  /** The epoch up to whose end it may read; undefined for a guest, who may read nothing yet. */
  readonly epoch: bigint | undefined;
  /** The last entry that it says to have; 0 when it does not say. */
  readonly knownSequence: bigint;
}

/** How many entries a conflict shows to a sender that does not say what it has. */
const CONFLICT_ENTRIES = 16n;

/** Makes the answer to an append; at once when something was accepted. */
export function toAnswer(
  service: Delivery,
  sender: Sender,
  outcome: AppendOutcome,
): AppendAnswer | Promise<AppendAnswer> {
  switch (outcome.outcome) {
    case 'accepted':
    case 'alreadyAccepted': {
      const alreadyAccepted = outcome.outcome === 'alreadyAccepted';
      return { $case: 'accepted', value: { sequence: outcome.sequence, alreadyAccepted } };
    }
    case 'conflict':
      return toConflict(service, sender, outcome);
    case 'quarantined':
      return toQuarantined(service, sender, outcome);
    case 'requestIdReused':
      return new RefusedSubmission(
        'REQUEST_ID_REUSED',
        'the request id belongs to another submission',
      ).toRejected();
    case 'ticketInvalid':
      return new RefusedSubmission('TICKET_INVALID', 'the ticket is unknown, used or expired').toRejected();
    case 'unknownGroup':
      throw permissionDenied('PROOF_INVALID');
  }
}

/** Tells that the device or the group has had too many requests. */
export function toLimited({ limit, value, retryAfterMs }: Exceeded): AppendRefusal {
  return {
    $case: 'limited',
    value: { limit, value: BigInt(value), retryAfterMs: BigInt(retryAfterMs) },
  };
}

async function toQuarantined(
  { stores }: Delivery,
  { groupId }: Sender,
  { until }: Extract<AppendOutcome, { readonly outcome: 'quarantined' }>,
): Promise<AppendRefusal> {
  const lastSequence = (await stores.groupLog.findGroup(groupId))?.lastSequence ?? 0n;
  const value = { lastSequence, lostEpoch: until.epoch, lostSequence: until.sequence };
  return { $case: 'quarantined', value };
}

async function toConflict(
  service: Delivery,
  sender: Sender,
  {
    currentEpoch,
    winningCommitHash = new Uint8Array(),
  }: Extract<AppendOutcome, { readonly outcome: 'conflict' }>,
): Promise<AppendRefusal> {
  const lacked = await lackedBy(service, sender);
  return { $case: 'conflict', value: { currentEpoch, winningCommitHash, ...lacked } };
}

/** What the sender lacks of what its epoch opens: one page, and whether that is all. */
async function lackedBy(
  service: Delivery,
  { groupId, place, epoch, knownSequence }: Sender,
): Promise<Pick<delivery.EpochConflict, 'entries' | 'complete'>> {
  const { stores, config, receipts } = service;
  const reach =
    place === 'stream' || epoch === undefined ? undefined : await reachOf(service, groupId, epoch);
  if (reach === undefined) return { entries: [], complete: false };
  const entries = await stores.groupLog.read({
    groupId,
    afterSequence: knownSequence === 0n ? reach.guess : knownSequence,
    upToSequence: reach.last,
    limit: config.pageEntries,
    maxBytes: config.pageBytes,
  });
  const complete = (entries.at(-1)?.sequence ?? reach.last) >= reach.last;
  return { entries: await toLogEntries(receipts, groupId, entries), complete };
}

/** How far an epoch opens the log, and from where on a sender most likely lacks it: the end of the epoch. */
async function reachOf(
  { stores: { groupLog } }: Delivery,
  groupId: Uint8Array,
  epoch: bigint,
): Promise<{ readonly last: bigint; readonly guess: bigint } | undefined> {
  // In this order: what was in the log while the epoch had not ended belongs to it or to one before.
  const group = await groupLog.findGroup(groupId);
  const ended = (await groupLog.findEpoch(groupId, epoch))?.ended;
  if (ended === undefined) {
    return group === undefined ? undefined : { last: group.lastSequence, guess: group.lastSequence };
  }
  const before = epoch === 0n ? undefined : await groupLog.findEpoch(groupId, epoch - 1n);
  const begin = before?.ended?.sequence ?? 0n;
  const last = ended.sequence;
  return { last, guess: last - begin > CONFLICT_ENTRIES ? last - CONFLICT_ENTRIES : begin };
}
