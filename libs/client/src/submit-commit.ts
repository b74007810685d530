/**
 * Brings commits into the log; when another one was faster, makes the change again on top of it (RFC 9420 §14).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { proveMembership } from './group-proof.ts';
import type { PendingCommit } from './pending-commit.ts';
import { catchUp } from './read-group.ts';
import type { Recovery } from './recovery.ts';
import type { Replica } from './replica.ts';
import type { Restoration } from './restoration.ts';
import { backoff, isRefusalOfBytes, pause } from './service-calls.ts';
import type { CommitPlan } from './stage-commit.ts';
import { submitCommit, type CommitResult } from './submissions.ts';
import type { Surroundings } from './surroundings.ts';
import { reasonWord } from './reason-word.ts';

/** A group with what keeps it going. */
export interface ReplicaParts {
  readonly replica: Replica;
  readonly recovery: Recovery;
  readonly restoration: Restoration;
  readonly around: Surroundings;
}

/** Each lost race means that somebody else's change is in, so a busy group still gets on. */
const MAX_ATTEMPTS = 32;

/**
 * Commits a change; again and again while others are faster and the plan still finds something to do. Whoever calls sees
 * to it that there is one change of a group at a time.
 *
 * @throws {ClientError} CONVERSATION_ENDED, COMMIT_REFUSED, COMMIT_CONTENDED, SERVICE_REFUSED, CLOSED
 */
export async function commitChange(parts: ReplicaParts, plan: CommitPlan): Promise<void> {
  const { replica, around, recovery } = parts;
  await settleCommit(parts);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    await recovery.run();
    const pending = await replica.stage(plan);
    if (pending === undefined || (await settleCommit(parts))) return;
    await pause(backoff(Math.min(attempt, 4)), around.signal);
  }
  throw new ClientError('COMMIT_CONTENDED', `others were faster ${MAX_ATTEMPTS} times`);
}

/** Submits the commit that is pending, if any, until its fate is known; says whether it took effect. */
export async function settleCommit(parts: ReplicaParts): Promise<boolean> {
  const { replica } = parts;
  const { pending } = replica;
  if (pending === undefined) return false;
  try {
    await submit(pending, parts);
  } catch (error) {
    // Any other failure leaves it open whether an earlier attempt was accepted: the commit stays pending.
    if (isRefusalOfBytes(error)) await replica.abandon(pending);
    throw error;
  }
  return pending.fate.outcome === 'adopted';
}

async function submit(pending: PendingCommit, parts: ReplicaParts): Promise<void> {
  const { replica, around } = parts;
  const result = await offer(pending, parts);
  around.beforeStep('commit:answered');
  // Where the log was faster, the receipt still has to be the same.
  if (result?.$case === 'accepted') return adopt(pending, result.value, parts);
  if (result === undefined || pending.fate.outcome !== 'open') return;
  if (result.$case === 'conflict') await replica.receive(result.value.entries);
  if (pending.fate.outcome === 'open') await catchUp(replica, around);
  const isLost = pending.fate.outcome === 'open';
  await replica.abandon(pending);
  if (isLost && result.$case === 'rejected') throw refused(result.value);
}

/** The answer is the log entry when nothing came before it; else the log is read up to it. */
async function adopt(
  pending: PendingCommit,
  { sequence, receipt }: delivery.CommitAccepted,
  { replica, around }: ReplicaParts,
): Promise<void> {
  const { epoch } = delivery.CommitBundle.decode(pending.bundle);
  const kind = delivery.LogEntryKind.COMMIT;
  await replica.receive([{ sequence, kind, epoch, mlsMessage: pending.commit, receipt }]);
  if (pending.fate.outcome === 'open') await catchUp(replica, around);
  if (pending.fate.outcome === 'open') {
    throw new ClientError('INVALID_RESPONSE', 'the accepted commit is not in the log');
  }
}

function offer(
  { bundle: body, fate }: PendingCommit,
  { replica: { group }, restoration, around }: ReplicaParts,
): Promise<CommitResult | undefined> {
  const prove = (): delivery.EpochProof => proveMembership(group, 'SubmitCommit', body, around.nowMs());
  const isOpen = (): boolean => fate.outcome === 'open';
  const restore = (): Promise<boolean> => restoration.run();
  return submitCommit({ body, prove, ticket: new Uint8Array(0), isOpen, restore }, around);
}

function refused({ reason, detail }: delivery.SubmissionRejected): ClientError {
  const word = reasonWord(reason, 'SUBMISSION_REJECTION_REASON_');
  return new ClientError('COMMIT_REFUSED', `the service refused the commit: ${word} ${detail}`, {
    reason: word,
  });
}
