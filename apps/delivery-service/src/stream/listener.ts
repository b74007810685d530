/**
 * Does what a device asks for on its stream.
 *
 * @module
 */
import { requireField, type delivery } from '@canopy/contract';
import { ServiceError, type Caller } from '@canopy/service';
import { readBundle, readMessage, readQuery, requireGroupId } from '../calls/request-fields.ts';
import { sendMessage } from '../calls/send-message.ts';
import { submitCommit } from '../calls/submit-commit.ts';
import type { Delivery } from '../delivery.ts';
import { GroupTopic, type Lease } from './group-topic.ts';
import { MailboxTopic } from './mailbox-topic.ts';
import type { Submissions } from './submissions.ts';
import type { Topics } from './topics.ts';

/** The parts of a stream that requests act on. */
export interface StreamParts {
  readonly topics: Topics<GroupTopic | MailboxTopic>;
  readonly submissions: Submissions;
}

type StreamRequest = NonNullable<delivery.SubscribeRequest['request']>;

const MAILBOX = 'mailbox';

/** The ear of a stream. */
export class Listener {
  readonly #service: Delivery;
  readonly #caller: Caller;
  readonly #topics: Topics<GroupTopic | MailboxTopic>;
  readonly #submissions: Submissions;

  constructor(service: Delivery, caller: Caller, { topics, submissions }: StreamParts) {
    this.#service = service;
    this.#caller = caller;
    this.#topics = topics;
    this.#submissions = submissions;
  }

  /** Does one request; resolves when the next one may come. @throws {FieldError} and what the store throws */
  async hear(request: StreamRequest): Promise<void> {
    switch (request.$case) {
      case 'group':
        return this.#followGroup(request.value);
      case 'unsubscribe':
        return this.#topics.remove(keyOf(requireGroupId(request.value.groupId, 'unsubscribe.group_id')));
      case 'mailbox':
        return this.#followMailbox(request.value.afterSequence);
      case 'ping':
        return this.#submissions.answer({ response: { $case: 'pong', value: request.value } });
      case 'sendMessage':
        return this.#sendMessage(requireField(request.value.request, 'send_message.request'));
      case 'submitCommit':
        return this.#submitCommit(requireField(request.value.request, 'submit_commit.request'));
    }
  }

  async #followGroup({ query: body, proof }: delivery.SubscribeGroup): Promise<void> {
    const { groupId, afterSequence } = readQuery(body);
    try {
      const { epoch } = await this.#service.gatekeeper.admit({ method: 'Subscribe', groupId, body, proof });
      this.#lease({ groupId, epoch, afterSequence });
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'PERMISSION_DENIED')) throw error;
      this.#refuse(groupId, error.details.reason);
    }
  }

  #lease(lease: Lease): void {
    const key = keyOf(lease.groupId);
    const known = this.#topics.find(key);
    if (known instanceof GroupTopic) {
      known.renew(lease);
      this.#topics.wake(key);
    } else if (this.#topics.size >= this.#service.config.topicsPerStream) {
      this.#refuse(lease.groupId, 'TOPICS_PER_STREAM_EXCEEDED');
    } else {
      this.#topics.add(key, new GroupTopic(this.#service, lease, () => this.#topics.wake(key)));
    }
  }

  #refuse(groupId: Uint8Array, reason: string): void {
    this.#submissions.answer({ response: { $case: 'refused', value: { groupId, reason } } });
  }

  #followMailbox(afterSequence: bigint): void {
    const known = this.#topics.find(MAILBOX);
    if (known instanceof MailboxTopic) {
      known.moveTo(afterSequence);
    } else {
      const place = { device: this.#caller.device, afterSequence };
      this.#topics.add(MAILBOX, new MailboxTopic(this.#service, place, () => this.#topics.wake(MAILBOX)));
    }
  }

  #sendMessage(request: delivery.SendMessageRequest): void {
    const message = readMessage(request.message);
    this.#submissions.enqueue(keyOf(message.groupId), async () => {
      const response = await sendMessage(this.#service, request, message);
      return { response: { $case: 'sendAnswer', value: { requestId: message.requestId, response } } };
    });
  }

  #submitCommit(request: delivery.SubmitCommitRequest): void {
    const bundle = readBundle(request.bundle);
    this.#submissions.enqueue(keyOf(bundle.groupId), async () => {
      const response = await submitCommit(this.#service, request, bundle);
      return { response: { $case: 'commitAnswer', value: { requestId: bundle.requestId, response } } };
    });
  }
}

function keyOf(groupId: Uint8Array): string {
  return Buffer.from(groupId).toString('hex');
}
