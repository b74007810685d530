/**
 * Does what a device asks for on its stream.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requireField, requireSize, type delivery } from '@canopy/contract';
import { ServiceError, type Caller } from '@canopy/service';
import { readQuery, requireGroupId, requireOwnQuery } from '../calls/request-fields.ts';
import type { Delivery } from '../delivery.ts';
import type { Exceeded } from '../request-limits.ts';
import { GroupTopic, type Lease } from './group-topic.ts';
import { MailboxTopic } from './mailbox-topic.ts';
import { keyOf, Outgoing } from './outgoing.ts';
import type { Submissions } from './submissions.ts';
import type { Topics } from './topics.ts';

/** The parts of a stream that requests act on. */
export interface StreamParts {
  readonly topics: Topics<GroupTopic | MailboxTopic>;
  readonly submissions: Submissions;
  /** Fires when the stream ends. */
  readonly signal: AbortSignal;
}

type StreamRequest = NonNullable<delivery.SubscribeRequest['request']>;
/** All but several messages in one. */
type SingleRequest = Exclude<StreamRequest, { readonly $case: 'sendMessages' }>;

const MAILBOX = 'mailbox';
/** Of one frame. */
const MESSAGES = { minimum: 1, maximum: 256 };

/** The ear of a stream. */
export class Listener {
  readonly #service: Delivery;
  readonly #caller: Caller;
  readonly #parts: StreamParts;
  readonly #outgoing: Outgoing;

  constructor(service: Delivery, caller: Caller, parts: StreamParts) {
    this.#service = service;
    this.#caller = caller;
    this.#parts = parts;
    const leaseOf = (key: string): bigint | undefined => {
      const topic = parts.topics.find(key);
      return topic instanceof GroupTopic ? topic.epoch : undefined;
    };
    this.#outgoing = new Outgoing(service, { caller, leaseOf, submissions: parts.submissions });
  }

  /** Does one request; a promise resolves when the next one may come. @throws {FieldError} and what the store throws */
  hear(request: StreamRequest): Promise<void> | undefined {
    if (request.$case === 'sendMessages') return this.#sendAll(request.value);
    const asked = this.#service.limits.ofDevice(this.#caller.device);
    return asked === undefined ? this.#do(request) : this.#doUnless(asked, request);
  }

  /** Takes the messages of a frame one by one, as if each had come alone. */
  async #sendAll({ requests }: delivery.StreamSendMessages): Promise<void> {
    const { submissions, signal } = this.#parts;
    requireSize(requests, 'send_messages.requests', MESSAGES);
    for (const request of requests) {
      const exceeded = await this.#service.limits.ofDevice(this.#caller.device);
      if (submissions.isFull) await submissions.room();
      if (signal.aborted || submissions.failure !== undefined) return;
      if (exceeded === undefined) this.#outgoing.sendMessage(request, 'sendAnswers');
      else this.#outgoing.refuseMessage(request, exceeded, 'sendAnswers');
    }
  }

  async #doUnless(asked: Promise<Exceeded | undefined>, request: SingleRequest): Promise<void> {
    const exceeded = await asked;
    if (exceeded === undefined) return this.#do(request);
    switch (request.$case) {
      case 'sendMessage': {
        const message = requireField(request.value.request, 'send_message.request');
        return this.#outgoing.refuseMessage(message, exceeded, 'sendAnswer');
      }
      case 'submitCommit':
        return this.#outgoing.refuseCommit(
          requireField(request.value.request, 'submit_commit.request'),
          exceeded,
        );
      case 'group':
        return this.#refuse(readQuery(request.value.query).groupId, toLimit(exceeded));
      case 'unsubscribe':
      case 'mailbox':
      case 'ping':
      case 'acknowledgeMailbox':
        // These have no answer that could say it: they are done, and the stream is not read for a while.
        await sleep(exceeded.retryAfterMs, undefined, { signal: this.#parts.signal });
        return this.#do(request);
    }
  }

  #do(request: SingleRequest): Promise<void> | undefined {
    const { topics, submissions } = this.#parts;
    switch (request.$case) {
      case 'group':
        return this.#followGroup(request.value);
      case 'unsubscribe':
        topics.remove(keyOf(requireGroupId(request.value.groupId, 'unsubscribe.group_id')));
        return undefined;
      case 'mailbox':
        this.#followMailbox(request.value.afterSequence);
        return undefined;
      case 'ping':
        submissions.answer({ response: { $case: 'pong', value: request.value } });
        return undefined;
      case 'sendMessage':
        this.#outgoing.sendMessage(requireField(request.value.request, 'send_message.request'), 'sendAnswer');
        return undefined;
      case 'submitCommit':
        this.#outgoing.submitCommit(requireField(request.value.request, 'submit_commit.request'));
        return undefined;
      case 'acknowledgeMailbox':
        this.#acknowledge(request.value.upToSequence);
        return undefined;
    }
  }

  async #followGroup({ query: body, proof }: delivery.SubscribeGroup): Promise<void> {
    const query = readQuery(body);
    const { groupId, afterSequence } = query;
    const { gatekeeper, limits } = this.#service;
    try {
      requireOwnQuery(query, this.#caller);
      const access = await gatekeeper.admit({ method: 'Subscribe', groupId, body, proof });
      const exceeded = await limits.ofGroup(groupId);
      if (exceeded === undefined) this.#lease({ access, afterSequence });
      else this.#refuse(groupId, toLimit(exceeded));
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'PERMISSION_DENIED')) throw error;
      this.#refuse(groupId, { reason: error.details.reason });
    }
  }

  #lease(lease: Lease): void {
    const { topics } = this.#parts;
    const { groupId } = lease.access;
    const key = keyOf(groupId);
    const known = topics.find(key);
    const { topicsPerStream } = this.#service.config;
    if (known instanceof GroupTopic) {
      known.renew(lease);
      topics.wake(key);
    } else if (topics.size >= topicsPerStream) {
      const limit = { limit: 'CANOPY_TOPICS_PER_STREAM', value: topicsPerStream, retryAfterMs: 0 };
      this.#refuse(groupId, toLimit(limit));
    } else {
      topics.add(key, new GroupTopic(this.#service, lease, () => topics.wake(key)));
    }
  }

  #refuse(
    groupId: Uint8Array,
    { reason, limit }: { readonly reason: string; readonly limit?: delivery.LimitExceeded },
  ): void {
    this.#parts.submissions.answer({ response: { $case: 'refused', value: { groupId, reason, limit } } });
  }

  #followMailbox(afterSequence: bigint): void {
    const { topics } = this.#parts;
    const known = topics.find(MAILBOX);
    if (known instanceof MailboxTopic) {
      known.moveTo(afterSequence);
      topics.wake(MAILBOX);
    } else {
      const place = { device: this.#caller.device, afterSequence };
      topics.add(MAILBOX, new MailboxTopic(this.#service, place, () => topics.wake(MAILBOX)));
    }
  }

  #acknowledge(upToSequence: bigint): void {
    const { device } = this.#caller;
    const work = async (): Promise<undefined> => {
      await this.#service.stores.mailbox.acknowledge(device, upToSequence);
      return undefined;
    };
    this.#parts.submissions.begin({ group: MAILBOX, size: 0, work });
  }
}

function toLimit({ limit, value, retryAfterMs }: Exceeded): {
  readonly reason: string;
  readonly limit: delivery.LimitExceeded;
} {
  return {
    reason: 'LIMIT_EXCEEDED',
    limit: { limit, value: BigInt(value), retryAfterMs: BigInt(retryAfterMs) },
  };
}
