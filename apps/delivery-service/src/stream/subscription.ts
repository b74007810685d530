/**
 * One device's stream: reads what the device says, says what its topics and its submissions have to say.
 *
 * Nothing is read from a store before the transport has taken what was read before, and nothing is read from the device
 * while too many of its requests are without an answer: a slow peer slows the stream and costs one page of memory.
 *
 * @module
 */
import { requireField, type delivery } from '@canopy/contract';
import { Bell, unauthenticated, type Caller } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { Listener } from './listener.ts';
import { Submissions } from './submissions.ts';
import { Topics } from './topics.ts';
import type { GroupTopic } from './group-topic.ts';
import type { MailboxTopic } from './mailbox-topic.ts';

/** Who has the stream, and how its end is noticed. */
export interface StreamContext {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A stream that is open. */
export class Subscription {
  readonly #service: Delivery;
  readonly #context: StreamContext;
  readonly #bell = new Bell();
  readonly #end = new AbortController();
  readonly #submissions: Submissions;
  readonly #topics: Topics<GroupTopic | MailboxTopic>;
  readonly #listener: Listener;
  #isDraining = false;

  constructor(service: Delivery, context: StreamContext) {
    this.#service = service;
    this.#context = context;
    const { requestsPerStream: requests, maxMessageBytes: bytes } = service.config;
    this.#submissions = new Submissions({ requests, bytes }, this.#bell);
    this.#topics = new Topics(this.#bell);
    this.#listener = new Listener(service, context.caller, {
      topics: this.#topics,
      submissions: this.#submissions,
      signal: AbortSignal.any([context.signal, this.#end.signal]),
    });
  }

  /** Whose stream it is. */
  get caller(): Caller {
    return this.#context.caller;
  }

  /** Ends the stream in order: what was asked is answered, then the device is told to go elsewhere. */
  drain(): void {
    this.#isDraining = true;
    this.#bell.ring();
  }

  /** Ends the stream of a device that is not to be served any more. */
  expel(reason: string): void {
    this.#submissions.fail(unauthenticated(reason));
  }

  /** Speaks until the device goes, the service drains, the token expires or something fails. */
  async *converse(
    requests: AsyncIterable<delivery.SubscribeRequest>,
  ): AsyncGenerator<delivery.SubscribeResponse> {
    const { signal } = this.#context;
    const wake = (): void => this.#bell.ring();
    const expiry = this.#startExpiry();
    signal.addEventListener('abort', wake);
    void this.#listen(requests);
    try {
      for (;;) {
        signal.throwIfAborted();
        const responses = await this.#next();
        if (responses === undefined) break;
        for (const response of responses) yield response;
      }
      const { failure } = this.#submissions;
      if (failure !== undefined) throw failure.error;
      yield { response: { $case: 'draining', value: {} } };
    } finally {
      this.#isDraining = true;
      this.#end.abort();
      clearTimeout(expiry);
      signal.removeEventListener('abort', wake);
      this.#topics.clear();
    }
  }

  /** Gives what is to be said next, answers before news; undefined when all is said. */
  async #next(): Promise<readonly delivery.SubscribeResponse[] | undefined> {
    const answers = this.#submissions.takeAll();
    if (answers.length > 0) return answers;
    if (this.#isEnding) {
      if (this.#submissions.isIdle) return undefined;
    } else {
      const responses = await this.#topics.next();
      if (responses !== undefined) return responses;
    }
    await this.#bell.heard();
    return [];
  }

  get #isEnding(): boolean {
    return this.#isDraining || this.#submissions.failure !== undefined;
  }

  async #listen(requests: AsyncIterable<delivery.SubscribeRequest>): Promise<void> {
    try {
      for await (const { request } of requests) {
        if (this.#isEnding) return;
        this.#requireToken();
        const busy = this.#listener.hear(requireField(request, 'request'));
        if (busy !== undefined) await busy;
        if (this.#submissions.isFull) await this.#submissions.room();
      }
    } catch (error) {
      this.#submissions.fail(error);
    }
  }

  #requireToken(): void {
    if (this.#service.clock.now() >= this.#context.caller.expiresAtUnixMs) {
      throw unauthenticated('TOKEN_EXPIRED');
    }
  }

  /** A stream must not outlive the statement about who has it. */
  #startExpiry(): NodeJS.Timeout {
    const left = this.#context.caller.expiresAtUnixMs - this.#service.clock.now();
    const expire = (): void => this.#submissions.fail(unauthenticated('TOKEN_EXPIRED'));
    return setTimeout(expire, Math.min(Math.max(left, 0), LONGEST_TIMER_MS)).unref();
  }
}
