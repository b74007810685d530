/**
 * What a sender is told about an append.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { permissionDenied } from '@canopy/service';
import type { AppendOutcome } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import type { GroupAccess } from '../gatekeeper.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { toLogEntry } from './log-entries.ts';

/** The answers that SubmitCommit and SendMessage have in common. */
export type AppendAnswer =
  | { $case: 'accepted'; value: delivery.CommitAccepted }
  | { $case: 'conflict'; value: delivery.EpochConflict }
  | { $case: 'rejected'; value: delivery.SubmissionRejected }
  | { $case: 'quarantined'; value: delivery.GroupQuarantined };

/** How many entries before and including the winning commit a conflict shows. */
const CONFLICT_ENTRIES = 16n;

/** Makes the answer to an append. */
export async function toAnswer(
  service: Delivery,
  access: GroupAccess,
  outcome: AppendOutcome,
): Promise<AppendAnswer> {
  switch (outcome.outcome) {
    case 'accepted':
    case 'alreadyAccepted': {
      const alreadyAccepted = outcome.outcome === 'alreadyAccepted';
      return { $case: 'accepted', value: { sequence: outcome.sequence, alreadyAccepted, receipt: '' } };
    }
    case 'conflict':
      return { $case: 'conflict', value: await toConflict(service, access, outcome) };
    case 'requestIdReused':
      return new RefusedSubmission(
        'REQUEST_ID_REUSED',
        'the request id belongs to another submission',
      ).toRejected();
    case 'quarantined':
      return { $case: 'quarantined', value: await toQuarantined(service, access, outcome) };
    case 'ticketInvalid':
      return new RefusedSubmission('TICKET_INVALID', 'the ticket is unknown, used or expired').toRejected();
    case 'unknownGroup':
      throw permissionDenied('PROOF_INVALID');
  }
}

async function toQuarantined(
  { stores }: Delivery,
  { groupId }: GroupAccess,
  { until }: Extract<AppendOutcome, { readonly outcome: 'quarantined' }>,
): Promise<delivery.GroupQuarantined> {
  const lastSequence = (await stores.groupLog.findGroup(groupId))?.lastSequence ?? 0n;
  return { lastSequence, lostEpoch: until.epoch, lostSequence: until.sequence };
}

async function toConflict(
  service: Delivery,
  { groupId, epoch }: GroupAccess,
  { currentEpoch, winningCommitHash }: Extract<AppendOutcome, { readonly outcome: 'conflict' }>,
): Promise<delivery.EpochConflict> {
  const entries = await entriesBeforeEnd(service, groupId, epoch);
  return { currentEpoch, winningCommitHash: winningCommitHash ?? new Uint8Array(), entries, complete: true };
}

/** The last entries of the epoch that the caller speaks for: those that it most likely lacks, the winning commit among them. */
async function entriesBeforeEnd(
  { stores, config }: Delivery,
  groupId: Uint8Array,
  epoch: bigint,
): Promise<delivery.LogEntry[]> {
  const { groupLog } = stores;
  const last = (await groupLog.findEpoch(groupId, epoch))?.ended?.sequence;
  if (last === undefined) return [];
  const before = epoch === 0n ? undefined : await groupLog.findEpoch(groupId, epoch - 1n);
  const begin = before?.ended?.sequence ?? 0n;
  const entries = await groupLog.read({
    groupId,
    afterSequence: last - begin > CONFLICT_ENTRIES ? last - CONFLICT_ENTRIES : begin,
    upToSequence: last,
    limit: Number(CONFLICT_ENTRIES),
    maxBytes: config.pageBytes,
  });
  return entries.map(toLogEntry);
}
