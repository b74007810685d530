/**
 * Brings commits and messages to the Delivery Service, each under its request id until there is an answer.
 *
 * @module
 */
import { callUnary, delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { pause, untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

/** What became of a commit. */
export type CommitResult = Exclude<
  NonNullable<delivery.SubmitCommitResponse['result']>,
  { readonly $case: 'limited' }
>;
/** What became of a message. */
export type MessageResult = Exclude<
  NonNullable<delivery.SendMessageResponse['result']>,
  { readonly $case: 'limited' }
>;

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
}

/** How long whoever is limited waits, about: a second is what limits are counted by. */
const RATE_LIMIT_PAUSE_MS = 1_000;

/** Offers a commit until there is an answer. @throws {ClientError} SERVICE_REFUSED, INVALID_RESPONSE, CLOSED */
export function submitCommit(
  submission: Submission,
  around: Surroundings,
): Promise<CommitResult | undefined> {
  const { tokens, stubs, signal } = around;
  return untilSettled(around, submission.isOpen, async () => {
    const request = { bundle: submission.body, proof: submission.prove(), ticket: submission.ticket };
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
  const { tokens, stubs, signal } = around;
  return untilSettled(around, submission.isOpen, async () => {
    const request = { message: submission.body, proof: submission.prove() };
    const { result } = await tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'sendMessage', request, { metadata, signal }),
    );
    return result;
  });
}

type Settled<Result> = Exclude<Result, { readonly $case: 'limited' }>;

/** Makes an attempt again and again while it fails for now, or is one too many for now. */
async function untilSettled<Result extends { readonly $case: string }>(
  { signal }: Surroundings,
  isOpen: () => boolean,
  attempt: () => Promise<Result | undefined>,
): Promise<Settled<Result> | undefined> {
  for (;;) {
    const result = await untilAnswered(signal, async () =>
      isOpen() ? { result: await attempt() } : undefined,
    );
    if (result === undefined) return undefined;
    const answer = result.result;
    if (answer === undefined) throw new ClientError('INVALID_RESPONSE', 'a submission without an outcome');
    if (isSettled(answer)) return answer;
    await pause(RATE_LIMIT_PAUSE_MS * (0.5 + Math.random()), signal);
  }
}

function isSettled<Result extends { readonly $case: string }>(result: Result): result is Settled<Result> {
  return result.$case !== 'limited';
}
