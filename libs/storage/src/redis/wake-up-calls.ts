/**
 * Who in this process wants to be woken for which channel.
 *
 * @module
 */
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { Subscriber } from './subscriber.ts';

/** Within this time every listener is woken once even if nothing is heard: published words can get lost. */
const ROUND_MS = 30_000;
const TICK_MS = 500;

interface Subscription {
  readonly listener: WakeUp;
}

/** Listeners by channel, and the servers where the channels are followed. */
export class WakeUpCalls {
  readonly #subscriberOf: (channel: string) => Subscriber | undefined;
  readonly #listeners = new Map<string, Set<Subscription>>();
  readonly #places = new Map<string, Subscriber>();
  readonly #round: NodeJS.Timeout;
  #rest: Iterator<string> | undefined;

  constructor(subscriberOf: (channel: string) => Subscriber | undefined) {
    this.#subscriberOf = subscriberOf;
    this.#round = setInterval(() => this.#wakeSome(), TICK_MS);
    this.#round.unref();
  }

  /** Adds a listener of a channel; the same function may be added several times. */
  on(channel: string, listener: WakeUp): Unsubscribe {
    const subscription = { listener };
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(subscription));
    if (listeners.size === 1) this.#place(channel);
    // Who comes second is not told when the first one's subscription takes effect.
    else call(listeners, subscription);
    return () => {
      if (!listeners.delete(subscription) || listeners.size > 0) return;
      this.#listeners.delete(channel);
      this.#places.get(channel)?.unwant(channel);
      this.#places.delete(channel);
    };
  }

  /** Calls the listeners of a channel. */
  wake(channel: string): void {
    const listeners = this.#listeners.get(channel);
    if (listeners !== undefined) for (const subscription of listeners) call(listeners, subscription);
  }

  /** Follows every channel where it is published now: other servers may have taken over. */
  placeAll(): void {
    for (const channel of this.#listeners.keys()) this.#place(channel);
  }

  close(): void {
    clearInterval(this.#round);
    this.#listeners.clear();
  }

  #place(channel: string): void {
    const now = this.#subscriberOf(channel);
    const before = this.#places.get(channel);
    if (now === undefined || now === before) return;
    before?.unwant(channel);
    this.#places.set(channel, now);
    now.want(channel);
  }

  #wakeSome(): void {
    this.#rest ??= this.#listeners.keys();
    const some = Math.ceil((this.#listeners.size * TICK_MS) / ROUND_MS);
    for (let i = 0; i < some; i++) {
      const next = this.#rest.next();
      if (next.done === true) {
        this.#rest = undefined;
        return;
      }
      this.wake(next.value);
    }
  }
}

/** Calls a listener soon, unless it has left by then. */
function call(listeners: ReadonlySet<Subscription>, subscription: Subscription): void {
  queueMicrotask(() => {
    if (listeners.has(subscription)) subscription.listener();
  });
}
