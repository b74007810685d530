/**
 * Brings commits into the log; when another one was faster, makes the change again on top of it (RFC 9420 §14).
 *
 * @module
 */
import { callUnary, delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { proveMembership } from './group-proof.ts';
import type { PendingCommit } from './pending-commit.ts';
import { catchUp } from './read-group.ts';
import type { Replica } from './replica.ts';
import { backoff, isRefusalOfBytes, pause, untilAnswered } from './service-calls.ts';
import type { CommitPlan } from './stage-commit.ts';
import type { Surroundings } from './surroundings.ts';
import { reasonWord } from './reason-word.ts';

/** Each lost race means that somebody else's change is in, so a busy group still gets on. */
const MAX_ATTEMPTS = 32;

/**
 * Commits a change; again and again while others are faster and the plan still finds something to do. Whoever calls sees
 * to it that there is one change of a group at a time.
 *
 * @throws {ClientError} CONVERSATION_ENDED, COMMIT_REFUSED, COMMIT_CONTENDED, SERVICE_REFUSED, CLOSED
 */
export async function commitChange(replica: Replica, around: Surroundings, plan: CommitPlan): Promise<void> {
  await settleCommit(replica, around);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const pending = await replica.stage(plan);
    if (pending === undefined || (await settleCommit(replica, around))) return;
    await pause(backoff(Math.min(attempt, 4)), around.signal);
  }
  throw new ClientError('COMMIT_CONTENDED', `others were faster ${MAX_ATTEMPTS} times`);
}

/** Submits the commit that is pending, if any, until its fate is known; says whether it took effect. */
export async function settleCommit(replica: Replica, around: Surroundings): Promise<boolean> {
  const { pending } = replica;
  if (pending === undefined) return false;
  try {
    await submit(pending, replica, around);
  } catch (error) {
    // Any other failure leaves it open whether an earlier attempt was accepted: the commit stays pending.
    if (isRefusalOfBytes(error)) await replica.abandon(pending);
    throw error;
  }
  return pending.fate.outcome === 'adopted';
}

async function submit(pending: PendingCommit, replica: Replica, around: Surroundings): Promise<void> {
  const result = await offer(pending, replica, around);
  around.beforeStep('commit:answered');
  if (pending.fate.outcome !== 'open') return;
  switch (result?.$case) {
    case 'accepted':
      return adopt(pending, result.value.sequence, { replica, around });
    case 'conflict':
      await replica.receive(result.value.entries);
      if (pending.fate.outcome === 'open') await catchUp(replica, around);
      return replica.abandon(pending);
    case 'rejected':
      await catchUp(replica, around);
      if (pending.fate.outcome !== 'open') return;
      await replica.abandon(pending);
      throw refused(result.value);
    case undefined:
      throw new ClientError('INVALID_RESPONSE', 'a commit without an outcome');
  }
}

/** The answer is the log entry when nothing came before it; else the log is read up to it. */
async function adopt(
  pending: PendingCommit,
  sequence: bigint,
  { replica, around }: { readonly replica: Replica; readonly around: Surroundings },
): Promise<void> {
  const { epoch } = delivery.CommitBundle.decode(pending.bundle);
  const kind = delivery.LogEntryKind.COMMIT;
  await replica.receive([{ sequence, kind, epoch, mlsMessage: pending.commit }]);
  if (pending.fate.outcome === 'open') await catchUp(replica, around);
  if (pending.fate.outcome === 'open') {
    throw new ClientError('INVALID_RESPONSE', 'the accepted commit is not in the log');
  }
}

function offer(
  pending: PendingCommit,
  replica: Replica,
  { tokens, stubs, signal, nowMs }: Surroundings,
): Promise<delivery.SubmitCommitResponse['result']> {
  return untilAnswered(signal, async () => {
    // Meanwhile the log may have told what became of it.
    if (pending.fate.outcome !== 'open') return undefined;
    const { bundle } = pending;
    const proof = proveMembership(replica.group, 'SubmitCommit', bundle, nowMs());
    const { result } = await tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'submitCommit', { bundle, proof }, { metadata, signal }),
    );
    return result;
  });
}

function refused({ reason, detail }: delivery.SubmissionRejected): ClientError {
  const word = reasonWord(reason, 'SUBMISSION_REJECTION_REASON_');
  return new ClientError('COMMIT_REFUSED', `the service refused the commit: ${word} ${detail}`, {
    reason: word,
  });
}
