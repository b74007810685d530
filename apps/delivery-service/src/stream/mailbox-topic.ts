/**
 * Follows the mailbox of the stream's own device.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { MailboxEntry, Unsubscribe } from '@canopy/storage';
import { toMailboxEntry } from '../calls/log-entries.ts';
import type { Delivery } from '../delivery.ts';
import type { Step, Topic } from './topic.ts';

/** Whose mailbox, and where to begin. */
export interface MailboxPlace {
  readonly device: string;
  readonly afterSequence: bigint;
}

/** A mailbox on a stream. */
export class MailboxTopic implements Topic {
  readonly #service: Delivery;
  readonly #device: string;
  readonly #unsubscribe: Unsubscribe;
  #cursor: bigint;
  #state: 'history' | 'live' | 'over' = 'history';

  constructor(service: Delivery, place: MailboxPlace, wake: () => void) {
    this.#service = service;
    this.#device = place.device;
    this.#cursor = place.afterSequence;
    this.#unsubscribe = service.stores.mailbox.onDeliver(place.device, wake);
  }

  /** Goes on further on, if the reader says so; one that was told where the mailbox ends says where it begins anew. */
  moveTo(afterSequence: bigint): void {
    if (this.#state === 'over') {
      this.#state = 'history';
      this.#cursor = afterSequence;
    } else if (afterSequence > this.#cursor) {
      this.#cursor = afterSequence;
    }
  }

  async step(): Promise<Step> {
    if (this.#state === 'over') return { responses: [], more: false };
    const before = this.#cursor;
    const page = await this.#read();
    const entries = page.filter(({ sequence }) => sequence > this.#cursor);
    this.#cursor = entries.at(-1)?.sequence ?? this.#cursor;
    if (page.length > 0) return { responses: toResponses(entries), more: true };
    const lastSequence = await this.#service.stores.mailbox.lastSequence(this.#device);
    if (this.#cursor !== before) return { responses: [], more: true };
    if (this.#cursor > lastSequence) return this.#behind(lastSequence);
    if (this.#state === 'live') return { responses: [], more: false };
    this.#state = 'live';
    return { responses: [{ response: { $case: 'mailboxLive', value: {} } }], more: false };
  }

  #behind(lastSequence: bigint): Step {
    this.#state = 'over';
    return { responses: [{ response: { $case: 'mailboxBehind', value: { lastSequence } } }], more: false };
  }

  close(): void {
    this.#unsubscribe();
  }

  #read(): Promise<readonly MailboxEntry[]> {
    const { stores, config } = this.#service;
    return stores.mailbox.read({
      device: this.#device,
      afterSequence: this.#cursor,
      limit: config.pageEntries,
      maxBytes: config.pageBytes,
    });
  }
}

function toResponses(entries: readonly MailboxEntry[]): readonly delivery.SubscribeResponse[] {
  if (entries.length === 0) return [];
  return [{ response: { $case: 'mailbox', value: { entries: entries.map(toMailboxEntry) } } }];
}
