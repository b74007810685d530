/**
 * Messages and commits that a device sends over its stream. What comes without a proof is spoken for by the lease of the
 * group's topic, which was proven once.
 *
 * @module
 */
import { requireField, type delivery } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import { toLimited, type AppendAnswer } from '../calls/append-answer.ts';
import { readBundle, readMessage } from '../calls/request-fields.ts';
import {
  answerTo,
  checkOffer,
  proveAndSend,
  rejecting,
  requireValidProposal,
  type Offer,
} from '../calls/send-message.ts';
import { offerCommit, standingOf } from '../calls/submit-commit.ts';
import type { Delivery } from '../delivery.ts';
import type { Exceeded } from '../request-limits.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { MessageBatch } from './message-batch.ts';
import type { Submissions } from './submissions.ts';

/** Who sends, and what is known of it. */
export interface OutgoingParts {
  readonly caller: Caller;
  /** Gives the epoch of a group that the stream has a lease for. */
  readonly leaseOf: (key: string) => bigint | undefined;
  readonly submissions: Submissions;
}

type SubmissionRequest = Extract<
  NonNullable<delivery.SubscribeRequest['request']>,
  { readonly $case: 'sendMessage' | 'submitCommit' }
>;

/** What a stream sends. */
export class Outgoing {
  readonly #service: Delivery;
  readonly #parts: OutgoingParts;
  readonly #batch: MessageBatch;

  constructor(service: Delivery, parts: OutgoingParts) {
    this.#service = service;
    this.#parts = parts;
    this.#batch = new MessageBatch(service.stores.groupLog);
  }

  /** Appends a message, together with others that come meanwhile. @throws {FieldError} */
  sendMessage(request: delivery.SendMessageRequest): void {
    const message = readMessage(request.message);
    if (request.proof === undefined) this.#sendUnderLease(message, request.message.length);
    else this.#alone(message, request.message.length, () => this.#sendProven(request, message));
  }

  /** Offers a commit. @throws {FieldError} */
  submitCommit(request: delivery.SubmitCommitRequest): void {
    const bundle = readBundle(request.bundle);
    this.#alone(bundle, request.bundle.length, async () => {
      const response = await this.#commit(request, bundle);
      return { response: { $case: 'commitAnswer', value: { requestId: bundle.requestId, response } } };
    });
  }

  /** Says that something cannot be sent now. @throws {FieldError} */
  refuse(request: SubmissionRequest, exceeded: Exceeded): void {
    const { submissions } = this.#parts;
    if (request.$case === 'sendMessage') {
      const { message } = requireField(request.value.request, 'send_message.request');
      submissions.answer(toSendAnswer(readMessage(message), toLimited(exceeded)));
      return;
    }
    const { bundle } = requireField(request.value.request, 'submit_commit.request');
    const { requestId } = readBundle(bundle);
    const response = { result: toLimited(exceeded) };
    submissions.answer({ response: { $case: 'commitAnswer', value: { requestId, response } } });
  }

  #sendUnderLease(message: delivery.GroupMessage, size: number): void {
    const group = keyOf(message.groupId);
    const checked = this.#checkUnderLease(group, message);
    const { submissions } = this.#parts;
    if (checked instanceof RefusedSubmission) {
      submissions.answer(toSendAnswer(message, checked.toRejected()));
      return;
    }
    const asked = this.#service.limits.ofGroup(message.groupId);
    if (asked === undefined && checked.publicProposal === undefined) {
      submissions.begin({ group, size, work: () => this.#append(message, checked) });
    } else {
      this.#alone(message, size, () => this.#appendUnless(asked, message, checked));
    }
  }

  /** What is wrong is told in the order of the requests: this one is judged before the next one is read. */
  #checkUnderLease(key: string, message: delivery.GroupMessage): Offer | RefusedSubmission {
    const epoch = this.#parts.leaseOf(key);
    if (epoch === undefined || epoch < message.epoch) {
      return new RefusedSubmission('LEASE_MISSING', 'the stream has no lease of the group for this epoch');
    }
    try {
      return checkOffer(this.#service, message, epoch);
    } catch (error) {
      if (error instanceof RefusedSubmission) return error;
      throw error;
    }
  }

  async #append(message: delivery.GroupMessage, offer: Offer): Promise<delivery.SubscribeResponse> {
    const answer = answerTo(this.#service, offer, await this.#batch.append(offer.entry));
    return toSendAnswer(message, answer instanceof Promise ? await answer : answer);
  }

  async #appendUnless(
    asked: Promise<Exceeded | undefined> | undefined,
    message: delivery.GroupMessage,
    offer: Offer,
  ): Promise<delivery.SubscribeResponse> {
    const exceeded = await asked;
    if (exceeded !== undefined) return toSendAnswer(message, toLimited(exceeded));
    const refused = await rejecting(() => requireValidProposal(this.#service, offer));
    return refused === undefined ? this.#append(message, offer) : toSendAnswer(message, refused);
  }

  async #sendProven(
    request: delivery.SendMessageRequest,
    message: delivery.GroupMessage,
  ): Promise<delivery.SubscribeResponse> {
    const response = await proveAndSend(this.#service, request, message);
    return { response: { $case: 'sendAnswer', value: { requestId: message.requestId, response } } };
  }

  async #commit(
    request: delivery.SubmitCommitRequest,
    bundle: delivery.CommitBundle,
  ): Promise<delivery.SubmitCommitResponse> {
    const { caller, leaseOf } = this.#parts;
    if (request.proof !== undefined || request.ticket.length > 0) {
      const standing = await standingOf(this.#service, request, caller);
      return offerCommit(this.#service, { request, bundle, standing });
    }
    const epoch = leaseOf(keyOf(bundle.groupId));
    if (epoch === undefined || epoch < bundle.epoch) {
      const refused = new RefusedSubmission(
        'LEASE_MISSING',
        'the stream has no lease of the group for this epoch',
      );
      return { result: refused.toRejected() };
    }
    // A lease of a later epoch also speaks for those before it, which the log knows to be over.
    const standing = { kind: 'member', caller, epoch: bundle.epoch } as const;
    return offerCommit(this.#service, { request, bundle, standing });
  }

  #alone(
    { groupId }: { readonly groupId: Uint8Array },
    size: number,
    work: () => Promise<delivery.SubscribeResponse>,
  ): void {
    const task = { group: keyOf(groupId), size, work };
    this.#parts.submissions.goAlone(task, () => this.#batch.settled());
  }
}

/** The name of a group within a stream; nothing else has a name that begins so. */
export function keyOf(groupId: Uint8Array): string {
  return `g${Buffer.from(groupId.buffer, groupId.byteOffset, groupId.length).toString('latin1')}`;
}

function toSendAnswer(
  { requestId }: delivery.GroupMessage,
  result: AppendAnswer,
): delivery.SubscribeResponse {
  return { response: { $case: 'sendAnswer', value: { requestId, response: { result } } } };
}
