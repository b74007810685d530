/**
 * Load on one stream: pipelined, so many requests without an answer at a time, answers matched by request id.
 *
 * @module
 */
import { delivery, openStream, type Stream } from '@canopy/contract';
import type { Metadata } from '@grpc/grpc-js';
import type { Samples } from '../figures.ts';
import { requireResult } from './require-result.ts';

/** A message for the stream, with the id that its answer will have. */
export interface StreamMessage {
  readonly requestId: string;
  readonly request: delivery.SubscribeRequest;
}

/** The stream of a device. */
export type SubscribeStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

/** Makes the request of a message on a stream. */
export function toStreamMessage(request: delivery.SendMessageRequest): StreamMessage {
  const { requestId } = delivery.GroupMessage.decode(request.message);
  return {
    requestId: keyOf(requestId),
    request: { request: { $case: 'sendMessage', value: { request } } },
  };
}

/** A stream that sends and hears the answers. */
export class Sender {
  readonly #stream: SubscribeStream;
  readonly #window: number;
  readonly #sentAt = new Map<string, number>();
  #samples: Samples | undefined;
  #wake: (() => void) | undefined;
  #failure: unknown;

  constructor(client: delivery.DeliveryServiceClient, metadata: Metadata, window: number) {
    this.#stream = openStream(client, 'subscribe', { metadata });
    this.#window = window;
    this.#listen().catch((error: unknown) => {
      this.#failure = error;
      this.#wake?.();
    });
  }

  /** Sends all of them; resolves when every answer is there. */
  async send(messages: readonly StreamMessage[], samples: Samples): Promise<void> {
    this.#samples = samples;
    for (const message of messages) await this.push(message);
    await this.settle();
  }

  /** Sends one as soon as the window allows it. */
  async push({ requestId, request }: StreamMessage): Promise<void> {
    while (this.#sentAt.size >= this.#window) await this.#answer();
    this.#sentAt.set(requestId, performance.now());
    await this.#stream.send(request);
  }

  /** Waits until every answer is there. */
  async settle(): Promise<void> {
    while (this.#sentAt.size > 0) await this.#answer();
  }

  /** Sends a request that has no answer. */
  async say(request: delivery.SubscribeRequest): Promise<void> {
    await this.#stream.send(request);
  }

  close(): void {
    this.#stream.cancel();
  }

  async #answer(): Promise<void> {
    if (this.#failure !== undefined) throw new Error('the stream ended', { cause: this.#failure });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #listen(): Promise<void> {
    for await (const { response } of this.#stream.responses) {
      if (response?.$case === 'refused') throw new Error(`refused: ${response.value.reason}`);
      if (response?.$case === 'sendAnswer') this.#hear(response.value);
    }
    throw new Error('the service ended the stream');
  }

  #hear({ requestId, response }: delivery.SendMessageAnswer): void {
    requireResult(response?.result, 'accepted');
    const key = keyOf(requestId);
    const begin = this.#sentAt.get(key);
    if (begin === undefined) throw new Error('an answer to nothing');
    this.#sentAt.delete(key);
    this.#samples?.add(performance.now() - begin);
    this.#wake?.();
  }
}

function keyOf(requestId: Uint8Array): string {
  return Buffer.from(requestId.buffer, requestId.byteOffset, requestId.byteLength).toString('latin1');
}
