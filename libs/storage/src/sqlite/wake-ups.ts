/**
 * Wake-ups inside one process.
 *
 * @module
 */
import type { Unsubscribe, WakeUp } from '../wake-up.ts';

/** Who wants to be woken for which topic. */
export class WakeUps {
  readonly #listeners = new Map<string, Set<{ readonly listener: WakeUp }>>();

  /** Adds a listener of a topic; the same function may be added several times. */
  on(topic: string, listener: WakeUp): Unsubscribe {
    const subscription = { listener };
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(subscription));
    return () => {
      if (listeners.delete(subscription) && listeners.size === 0) this.#listeners.delete(topic);
    };
  }

  /** Calls the listeners of a topic, after the write that wakes them has been answered. */
  wake(topic: string): void {
    for (const { listener } of this.#listeners.get(topic) ?? []) queueMicrotask(listener);
  }
}
