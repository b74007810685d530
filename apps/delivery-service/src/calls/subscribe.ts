/**
 * Subscribe: one stream for all groups of a device and its mailbox.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { BidiHandler, Caller } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { Subscription } from '../stream/subscription.ts';

/** The streams that are open. */
export class Subscriptions {
  readonly #service: Delivery;
  readonly #open = new Set<Subscription>();
  #isDraining = false;

  constructor(service: Delivery) {
    this.#service = service;
    service.revocations.onChange(() => this.#expelRevoked(this.#open));
  }

  /** Opens a stream; it ends at once when the service is already going away. */
  readonly subscribe: BidiHandler<delivery.SubscribeRequest, delivery.SubscribeResponse, Caller> = (
    requests,
    { caller, signal },
  ) => this.#converse(new Subscription(this.#service, { caller, signal }), requests);

  /** Ends all streams in order. */
  drain(): void {
    this.#isDraining = true;
    for (const subscription of this.#open) subscription.drain();
  }

  async *#converse(
    subscription: Subscription,
    requests: AsyncIterable<delivery.SubscribeRequest>,
  ): AsyncGenerator<delivery.SubscribeResponse> {
    this.#open.add(subscription);
    if (this.#isDraining) subscription.drain();
    // A list may have come between the look at the token and now.
    this.#expelRevoked([subscription]);
    try {
      yield* subscription.converse(requests);
    } finally {
      this.#open.delete(subscription);
    }
  }

  #expelRevoked(subscriptions: Iterable<Subscription>): void {
    for (const subscription of subscriptions) {
      const reason = this.#service.revocations.reasonAgainst(subscription.caller);
      if (reason !== undefined) subscription.expel(reason);
    }
  }
}
