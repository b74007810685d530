/**
 * Follows the log of a group as far as the shown proof reaches: history, live marker, pushes, end of the lease.
 *
 * History and pushes are the same reading from the same cursor, so there is no seam at which an entry could be lost or
 * come twice.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { LogEntry, Unsubscribe } from '@canopy/storage';
import { toLogEntry } from '../calls/log-entries.ts';
import type { Delivery } from '../delivery.ts';
import type { GroupAccess } from '../gatekeeper.ts';
import type { Step, Topic } from './topic.ts';

/** Where to begin, and with the proof of which epoch. */
export interface Lease {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly afterSequence: bigint;
}

/** A group on a stream. */
export class GroupTopic implements Topic {
  readonly #service: Delivery;
  readonly #groupId: Uint8Array;
  readonly #wake: () => void;
  #epoch: bigint;
  #cursor: bigint;
  #isLive = false;
  #hasEnded = false;
  #unsubscribe: Unsubscribe;

  constructor(service: Delivery, lease: Lease, wake: () => void) {
    this.#service = service;
    this.#groupId = lease.groupId;
    this.#wake = wake;
    this.#epoch = lease.epoch;
    this.#cursor = lease.afterSequence;
    this.#unsubscribe = this.#listen();
  }

  /** Goes on under a newer proof from where the topic stands, or further on if the reader says so. */
  renew({ epoch, afterSequence }: Lease): void {
    if (afterSequence > this.#cursor) this.#cursor = afterSequence;
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    if (this.#hasEnded) {
      this.#hasEnded = false;
      this.#unsubscribe = this.#listen();
    }
  }

  async step(): Promise<Step> {
    if (this.#hasEnded) return { responses: [], more: false };
    const access = await this.#service.gatekeeper.reach(this.#groupId, this.#epoch);
    const page = await this.#read(access.upToSequence);
    // Meanwhile the reader may have moved the cursor on, or renewed the lease.
    const entries = page.filter(({ sequence }) => sequence > this.#cursor);
    this.#cursor = entries.at(-1)?.sequence ?? this.#cursor;
    const more = this.#epoch !== access.epoch || (page.length > 0 && this.#cursor < access.upToSequence);
    const marker = more ? [] : this.#marker(access);
    return { responses: [...this.#toResponses(entries), ...marker], more };
  }

  close(): void {
    this.#unsubscribe();
  }

  #listen(): Unsubscribe {
    return this.#service.stores.groupLog.onAppend(this.#groupId, this.#wake);
  }

  async #read(upToSequence: bigint): Promise<readonly LogEntry[]> {
    if (this.#cursor >= upToSequence) return [];
    const { stores, config } = this.#service;
    return stores.groupLog.read({
      groupId: this.#groupId,
      afterSequence: this.#cursor,
      upToSequence,
      limit: config.pageEntries,
      maxBytes: config.pageBytes,
    });
  }

  #toResponses(entries: readonly LogEntry[]): readonly delivery.SubscribeResponse[] {
    if (entries.length === 0) return [];
    const value = { groupId: this.#groupId, entries: entries.map(toLogEntry) };
    return [{ response: { $case: 'entries', value } }];
  }

  #marker(access: GroupAccess): readonly delivery.SubscribeResponse[] {
    const groupId = this.#groupId;
    if (access.hasEnded) {
      this.#hasEnded = true;
      this.#isLive = false;
      this.#unsubscribe();
      return [{ response: { $case: 'leaseEnded', value: { groupId, endedEpoch: access.epoch } } }];
    }
    if (this.#isLive) return [];
    this.#isLive = true;
    return [{ response: { $case: 'live', value: { groupId } } }];
  }
}
