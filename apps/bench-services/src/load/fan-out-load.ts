/**
 * Load by readers: many streams follow one group, one stream sends to it, every delivery counts.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { Samples } from '../figures.ts';
import type { Sender, StreamMessage } from './stream-load.ts';

/** Deliveries that may be on their way, as far as the bounds of the messages allow it. */
const DELIVERIES_AHEAD = 2_000;
const LEAST_AHEAD = 16;
const MOST_AHEAD = 128;

/** Where the readers are, and what they ask for. */
export interface Audience {
  readonly client: delivery.DeliveryServiceClient;
  readonly metadata: Metadata;
  readonly subscription: delivery.SubscribeRequest;
  readonly streams: number;
}

type Reader = ClientDuplexStream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

/** The readers of one group. */
export class Readers {
  readonly #streams: readonly Reader[];
  readonly #live = Promise.withResolvers<void>();
  readonly #sentAt: number[] = [];
  /** How many streams have each message. */
  readonly #arrivals: number[] = [];
  /** How many messages every stream has. */
  #complete = 0;
  #samples = new Samples();
  #waiting = 0;
  #wake: (() => void) | undefined;
  #failure: unknown;

  constructor(audience: Audience) {
    this.#waiting = audience.streams;
    this.#streams = Array.from({ length: audience.streams }, () => this.#open(audience));
  }

  /** Resolves when every stream is live. */
  async ready({ subscription }: Audience): Promise<void> {
    for (const stream of this.#streams) stream.write(subscription);
    await this.#live.promise;
  }

  /** Sends all of them and waits until every stream has every message; a delivery is a sample. */
  async hear(messages: readonly StreamMessage[], sender: Sender): Promise<Samples> {
    this.#samples = new Samples();
    const perStream = Math.ceil(DELIVERIES_AHEAD / this.#streams.length);
    const ahead = Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, perStream));
    for (const message of messages) {
      await this.#until(this.#sentAt.length - ahead + 1);
      this.#sentAt.push(performance.now());
      this.#arrivals.push(0);
      await sender.push(message);
    }
    await sender.settle();
    await this.#until(this.#sentAt.length);
    return this.#samples;
  }

  close(): void {
    for (const stream of this.#streams) stream.cancel();
  }

  /** Waits until all streams have so many messages. */
  async #until(count: number): Promise<void> {
    while (this.#complete < count) {
      if (this.#failure !== undefined) throw new Error('a reader failed', { cause: this.#failure });
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #open({ client, metadata }: Audience): Reader {
    const stream = client.subscribe(metadata);
    let have = 0;
    stream.on('data', ({ response }: delivery.SubscribeResponse) => {
      if (response?.$case === 'entries') {
        for (const _ of response.value.entries) this.#arrive(have++);
      } else if (response?.$case === 'live') {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#live.resolve();
      } else {
        this.#fail(new Error(`entries were expected, not ${response?.$case}`));
      }
    });
    stream.on('error', (error) => this.#fail(error));
    stream.on('end', () => this.#fail(new Error('the service ended a stream')));
    return stream;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#live.reject(error);
    this.#wake?.();
  }

  #arrive(message: number): void {
    this.#samples.add(performance.now() - (this.#sentAt[message] ?? 0));
    const arrivals = (this.#arrivals[message] ?? 0) + 1;
    this.#arrivals[message] = arrivals;
    if (arrivals === this.#streams.length) {
      // Each stream has them in their order: what all have now, all had before it.
      this.#complete = message + 1;
      this.#wake?.();
    }
  }
}
