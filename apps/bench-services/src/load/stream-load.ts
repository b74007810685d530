/**
 * Load on one stream: pipelined, so many requests without an answer at a time, answers matched by request id.
 *
 * @module
 */
import { delivery, writeTogether } from '@canopy/contract';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { Samples } from '../figures.ts';
import { Member } from '../scene/group.ts';
import type { BenchGroup } from './job.ts';

/** A message for the stream, with the id that its answer will have. */
export interface StreamMessage {
  readonly requestId: string;
  readonly request: delivery.SendMessageRequest;
}

/** Makes the request of a message on a stream. */
export function toStreamMessage(request: delivery.SendMessageRequest): StreamMessage {
  const { requestId } = delivery.GroupMessage.decode(request.message);
  return { requestId: keyOf(requestId), request };
}

/** Whose stream it is, what it may send to, and how much may be without an answer. */
export interface SenderOptions {
  readonly metadata: Metadata;
  readonly groups: readonly BenchGroup[];
  readonly window: number;
  /** How many messages go in one frame; those that came in one are answered together. */
  readonly together: number;
}

/**
 * A stream that sends and hears the answers. It works on the events of grpc-js: an async iterator for every answer would cost
 * the load generator more than the service has to do.
 */
export class Sender {
  readonly #call: ClientDuplexStream<delivery.SubscribeRequest, delivery.SubscribeResponse>;
  readonly #window: number;
  readonly #together: number;
  readonly #groups: readonly BenchGroup[];
  readonly #live = Promise.withResolvers<void>();
  readonly #sentAt = new Map<string, number>();
  #samples: Samples | undefined;
  #wake: (() => void) | undefined;
  #waiting: number;
  #failure: unknown;

  constructor(client: delivery.DeliveryServiceClient, { metadata, groups, window, together }: SenderOptions) {
    this.#window = window;
    this.#together = together;
    this.#groups = groups;
    this.#waiting = groups.length;
    this.#call = client.subscribe(metadata);
    writeTogether(this.#call);
    this.#call.on('data', (response: delivery.SubscribeResponse) => this.#hear(response));
    this.#call.on('error', (error) => this.#fail(error));
    this.#call.on('end', () => this.#fail(new Error('the service ended the stream')));
    this.#call.on('drain', () => this.#wake?.());
  }

  /** Gets a lease of each of its groups, as a member who follows it does. */
  async ready(): Promise<void> {
    for (const group of this.#groups) this.#call.write(new Member(group).subscription());
    await this.#live.promise;
  }

  /** Sends all of them; resolves when every answer is there. */
  async send(messages: readonly StreamMessage[], samples: Samples): Promise<void> {
    this.#samples = samples;
    for (let from = 0; from < messages.length; from += this.#together) {
      await this.#pushAll(messages.slice(from, from + this.#together));
    }
    await this.settle();
  }

  /** Sends one as soon as the window and the service allow it. */
  async push(message: StreamMessage): Promise<void> {
    await this.#pushAll([message]);
  }

  /** Waits until every answer is there. */
  async settle(): Promise<void> {
    while (this.#sentAt.size > 0) await this.#news();
  }

  close(): void {
    this.#call.cancel();
  }

  async #pushAll(messages: readonly StreamMessage[]): Promise<void> {
    while (this.#sentAt.size + messages.length > this.#window || this.#call.writableNeedDrain)
      await this.#news();
    const now = performance.now();
    for (const { requestId } of messages) this.#sentAt.set(requestId, now);
    const requests = messages.map(({ request }) => request);
    this.#call.write(toFrame(requests));
  }

  async #news(): Promise<void> {
    if (this.#failure !== undefined) throw new Error('the stream failed', { cause: this.#failure });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#live.reject(error);
    this.#wake?.();
  }

  #hear({ response }: delivery.SubscribeResponse): void {
    if (response?.$case === 'sendAnswer') this.#answer(response.value);
    else if (response?.$case === 'sendAnswers')
      response.value.answers.forEach((answer) => this.#answer(answer));
    else if (response?.$case === 'live') this.#becomeLive();
    // Entries are what this stream itself has sent: a member hears them like everybody else.
    else if (response?.$case !== 'entries')
      this.#fail(new Error(`an answer was expected, not ${response?.$case}`));
  }

  #becomeLive(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#live.resolve();
  }

  #answer({ requestId, response }: delivery.SendMessageAnswer): void {
    const key = keyOf(requestId);
    const begin = this.#sentAt.get(key);
    if (begin === undefined || response?.result?.$case !== 'accepted') {
      this.#fail(new Error(`not accepted: ${response?.result?.$case}`));
      return;
    }
    this.#sentAt.delete(key);
    this.#samples?.add(performance.now() - begin);
    this.#wake?.();
  }
}

function toFrame(requests: delivery.SendMessageRequest[]): delivery.SubscribeRequest {
  const [request, ...others] = requests;
  return {
    request:
      others.length === 0
        ? { $case: 'sendMessage', value: { request } }
        : { $case: 'sendMessages', value: { requests } },
  };
}

function keyOf(requestId: Uint8Array): string {
  return Buffer.from(requestId.buffer, requestId.byteOffset, requestId.byteLength).toString('latin1');
}
