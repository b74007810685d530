/**
 * Messages and commits that a device sends over its stream. What comes without a proof is spoken for by the lease of the
 * group's topic, which was proven once.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
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

/** How a message is answered: as it came, alone or with others. */
export type AnswerForm = 'sendAnswer' | 'sendAnswers';

/** A message on its way, and how it is answered. */
interface Sent {
  readonly message: delivery.GroupMessage;
  readonly size: number;
  readonly form: AnswerForm;
}

/** What a stream sends. */
export class Outgoing {
  readonly #service: Delivery;
  readonly #parts: OutgoingParts;
  readonly #batch: MessageBatch;

  constructor(service: Delivery, parts: OutgoingParts) {
    this.#service = service;
    this.#parts = parts;
    this.#batch = new MessageBatch(service.feed);
  }

  /** Appends a message, together with others that come meanwhile. @throws {FieldError} */
  sendMessage(request: delivery.SendMessageRequest, form: AnswerForm): void {
    const message = readMessage(request.message);
    const sent = { message, size: request.message.length, form };
    if (request.proof === undefined) this.#sendUnderLease(sent);
    else this.#alone(message, sent.size, () => this.#sendProven(request, sent));
  }

  /** Offers a commit. @throws {FieldError} */
  submitCommit(request: delivery.SubmitCommitRequest): void {
    const bundle = readBundle(request.bundle);
    this.#alone(bundle, request.bundle.length, async () => {
      const response = await this.#commit(request, bundle);
      return { response: { $case: 'commitAnswer', value: { requestId: bundle.requestId, response } } };
    });
  }

  /** Says that a message cannot be sent now. @throws {FieldError} */
  refuseMessage({ message }: delivery.SendMessageRequest, exceeded: Exceeded, form: AnswerForm): void {
    const { requestId } = readMessage(message);
    this.#parts.submissions.answer(toAnswerIn(form, requestId, { result: toLimited(exceeded) }));
  }

  /** Says that a commit cannot be offered now. @throws {FieldError} */
  refuseCommit({ bundle }: delivery.SubmitCommitRequest, exceeded: Exceeded): void {
    const { requestId } = readBundle(bundle);
    const response = { result: toLimited(exceeded) };
    this.#parts.submissions.answer({ response: { $case: 'commitAnswer', value: { requestId, response } } });
  }

  #sendUnderLease(sent: Sent): void {
    const { message, size } = sent;
    const group = keyOf(message.groupId);
    const checked = this.#checkUnderLease(group, message);
    const { submissions } = this.#parts;
    if (checked instanceof RefusedSubmission) {
      submissions.answer(toSendAnswer(sent, checked.toRejected()));
      return;
    }
    const asked = this.#service.limits.ofGroup(message.groupId);
    if (asked === undefined && checked.publicProposal === undefined) {
      submissions.begin({ group, size, work: () => this.#append(sent, checked) });
    } else {
      this.#alone(message, size, () => this.#appendUnless(asked, sent, checked));
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

  async #append(sent: Sent, offer: Offer): Promise<delivery.SubscribeResponse> {
    const answer = answerTo(
      this.#service,
      { ...offer, place: 'stream' },
      await this.#batch.append(offer.entry),
    );
    return toSendAnswer(sent, answer instanceof Promise ? await answer : answer);
  }

  async #appendUnless(
    asked: Promise<Exceeded | undefined> | undefined,
    sent: Sent,
    offer: Offer,
  ): Promise<delivery.SubscribeResponse> {
    const exceeded = await asked;
    if (exceeded !== undefined) return toSendAnswer(sent, toLimited(exceeded));
    const refused = await rejecting(() => requireValidProposal(this.#service, offer));
    return refused === undefined ? this.#append(sent, offer) : toSendAnswer(sent, refused);
  }

  async #sendProven(
    request: delivery.SendMessageRequest,
    { message, form }: Sent,
  ): Promise<delivery.SubscribeResponse> {
    const response = await proveAndSend(this.#service, request, { message, place: 'stream' });
    return toAnswerIn(form, message.requestId, response);
  }

  async #commit(
    request: delivery.SubmitCommitRequest,
    bundle: delivery.CommitBundle,
  ): Promise<delivery.SubmitCommitResponse> {
    const { caller, leaseOf } = this.#parts;
    if (request.proof !== undefined || request.ticket.length > 0) {
      const standing = await standingOf(this.#service, request, caller);
      return offerCommit(this.#service, { request, bundle, standing, place: 'stream' });
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
    return offerCommit(this.#service, { request, bundle, standing, place: 'stream' });
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

function toSendAnswer({ message, form }: Sent, result: AppendAnswer): delivery.SubscribeResponse {
  return toAnswerIn(form, message.requestId, { result });
}

function toAnswerIn(
  form: AnswerForm,
  requestId: Uint8Array,
  response: delivery.SendMessageResponse,
): delivery.SubscribeResponse {
  const answer = { requestId, response };
  return form === 'sendAnswer'
    ? { response: { $case: 'sendAnswer', value: answer } }
    : { response: { $case: 'sendAnswers', value: { answers: [answer] } } };
}
