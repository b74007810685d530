/**
 * Brings commits and messages to the Delivery Service, each under its request id until there is an answer.
 *
 * @module
 */
import { callUnary, delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { toHex } from './hex.ts';
import { backoff, isDenied, isTransient, limitPause, pause, untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

/** What became of a commit. */
export type CommitResult = Settled<NonNullable<delivery.SubmitCommitResponse['result']>>;
/** What became of a message. */
export type MessageResult = Settled<NonNullable<delivery.SendMessageResponse['result']>>;

/** Bytes with what opens the group to them. */
export interface Submission {
  /** An encoded CommitBundle or GroupMessage: the same bytes at every attempt. */
  readonly body: Uint8Array;
  /** Proves membership for the body; made anew for every attempt, since a proof has a time. */
  readonly prove: () => delivery.EpochProof | undefined;
  /** The token of a ticket; empty otherwise. */
  readonly ticket: Uint8Array;
  /** Whether what becomes of it is not known from elsewhere yet: then nothing more is sent, and there is no result. */
  readonly isOpen: () => boolean;
  /** Is called when the log may have lost entries: it takes nothing before it has them again. Says whether it had. */
  readonly restore: () => Promise<boolean>;
}

/** Offers a commit until there is an answer. @throws {ClientError} SERVICE_REFUSED, INVALID_RESPONSE, CLOSED */
export function submitCommit(
  submission: Submission,
  around: Surroundings,
): Promise<CommitResult | undefined> {
  const { tokens, stubs, signal, line } = around;
  const { body, prove, ticket } = submission;
  const { requestId } = delivery.CommitBundle.decode(body);
  return untilSettled(around, submission, async () => {
    const request = { bundle: body, proof: prove(), ticket };
    if (line.isOpen) return (await line.submitCommit(requestId, request))?.result;
    const { result } = await tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'submitCommit', request, { metadata, signal }),
    );
    return result;
  });
}

/** Offers a message until there is an answer. @throws {ClientError} SERVICE_REFUSED, INVALID_RESPONSE, CLOSED */
export function sendMessage(
  submission: Submission,
  around: Surroundings,
): Promise<MessageResult | undefined> {
  const { tokens, stubs, signal, line } = around;
  const { body, prove } = submission;
  const { requestId } = delivery.GroupMessage.decode(body);
  return untilSettled(around, submission, async () => {
    const request = { message: body, proof: prove() };
    if (line.isOpen) return (await line.sendMessage(requestId, request))?.result;
    const { result } = await tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'sendMessage', request, { metadata, signal }),
    );
    return result;
  });
}

/**
 * Sends a message over the stream, once, without waiting for those before it. No result: there is no stream, it has ended,
 * or the answer was none that is final; then the message is to be offered by {@link sendMessage}.
 */
export async function sendMessageAhead(
  { body, prove }: Submission,
  { line }: Surroundings,
): Promise<MessageResult | undefined> {
  const { requestId, groupId, epoch } = delivery.GroupMessage.decode(body);
  const proof = line.hasLease(toHex(groupId), epoch) ? undefined : prove();
  try {
    const result = (await line.sendMessage(requestId, { message: body, proof }))?.result;
    return result !== undefined && isSettled(result) && !lacksLease(result) ? result : undefined;
  } catch (error) {
    if (isTransient(error)) return undefined;
    throw error;
  }
}

function lacksLease(result: MessageResult): boolean {
  return (
    result.$case === 'rejected' && result.value.reason === delivery.SubmissionRejectionReason.LEASE_MISSING
  );
}

/** What is final: the rest is tried again. */
type Settled<Result> = Exclude<Result, { readonly $case: 'limited' | 'quarantined' }>;

/** Makes an attempt again and again while it fails for now, is one too many for now, or the log is not whole. */
async function untilSettled<Result extends { readonly $case: string }>(
  { signal }: Surroundings,
  { isOpen, restore }: Submission,
  attempt: () => Promise<Result | undefined>,
): Promise<Settled<Result> | undefined> {
  for (let failures = 0; ; failures += 1) {
    const made = await untilAnswered(signal, async () =>
      isOpen() ? { result: await attempt() } : undefined,
    ).catch(async (error: unknown) => {
      // A log that has lost an epoch does not know its members any more.
      if (isDenied(error) && (await restore())) return 'again' as const;
      throw error;
    });
    if (made === 'again') continue;
    if (made === undefined) return undefined;
    const { result } = made;
    if (result === undefined) throw new ClientError('INVALID_RESPONSE', 'a submission without an outcome');
    if (isSettled(result)) return result;
    if (result.$case === 'quarantined') await restore();
    await pause(isLimited(result) ? limitPause(result.value) : backoff(failures), signal);
  }
}

function isSettled<Result extends { readonly $case: string }>(result: Result): result is Settled<Result> {
  return result.$case !== 'limited' && result.$case !== 'quarantined';
}

type Limited = { readonly $case: 'limited'; readonly value: delivery.LimitExceeded };

function isLimited(result: { readonly $case: string }): result is Limited {
  return result.$case === 'limited';
}

/** Appends a message of another member, or an own one that was there before; what becomes of it does not matter. */
export async function submitMessageOnce(
  request: delivery.SendMessageRequest,
  around: Surroundings,
): Promise<void> {
  const { tokens, stubs, signal } = around;
  await untilAnswered(signal, () =>
    tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'sendMessage', request, { metadata, signal }),
    ),
  );
}
