/**
 * Hands events to the application: each stays in the state file until the application asks for the one after it.
 *
 * @module
 */
import type { Bell } from './bell.ts';
import type { ClientEvent } from './client-event.ts';
import { ClientError } from './errors.ts';
import type { EventStore } from './store/event-store.ts';

/** What the feed works with. */
export interface EventFeedParts {
  readonly events: EventStore;
  readonly newEvents: Bell;
  readonly signal: AbortSignal;
  /** Is told before an event is forgotten that the application has finished with. */
  readonly beforeHandOver: () => void;
}

/** The events of a client, for one reader at a time. */
export class EventFeed {
  readonly #parts: EventFeedParts;
  #isRead = false;

  constructor(parts: EventFeedParts) {
    this.#parts = parts;
  }

  /** Reads events until the client is closed; the last one that was read comes again to the next reader. */
  async *read(): AsyncGenerator<ClientEvent, void, void> {
    if (this.#isRead) throw new ClientError('MISUSE', 'somebody else is reading the events');
    this.#isRead = true;
    try {
      yield* this.#follow();
    } finally {
      this.#isRead = false;
    }
  }

  async *#follow(): AsyncGenerator<ClientEvent, void, void> {
    const { events, newEvents, signal, beforeHandOver } = this.#parts;
    const closed = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => closed.resolve(), { once: true });
    for (let position = 0n; !signal.aborted;) {
      const news = newEvents.next();
      const next = events.next(position);
      if (next === undefined) {
        await Promise.race([news, closed.promise]);
        continue;
      }
      ({ position } = next);
      yield next.event;
      beforeHandOver();
      // Whoever was closed while the application was at work cannot note it: the event will come again.
      if (!signal.aborted) events.delete(position);
    }
  }
}
