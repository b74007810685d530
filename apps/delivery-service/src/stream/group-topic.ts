/**
 * Follows the log of a group as far as the shown proof reaches: history, live marker, pushes, end of the lease.
 *
 * History and pushes are the same reading from the same cursor, so there is no seam at which an entry could be lost or
 * come twice. The lease of epoch e ends with the commit that ends e: the topic sees that commit pass.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { LogEntry, Unsubscribe } from '@canopy/storage';
import { toLogEntries } from '../calls/log-entries.ts';
import type { Delivery } from '../delivery.ts';
import type { GroupAccess } from '../gatekeeper.ts';
import { streamLag } from '../metrics.ts';
import type { LogPage } from './log-feed.ts';
import type { Step, Topic } from './topic.ts';

/** Where to begin, and as a member of which epoch. */
export interface Lease {
  readonly access: GroupAccess;
  readonly afterSequence: bigint;
}

type State = 'history' | 'live' | 'leaseEnded' | 'over';

const NOTHING: Step = { responses: [], more: false };

/** A group on a stream. */
export class GroupTopic implements Topic {
  readonly #service: Delivery;
  readonly #groupId: Uint8Array;
  readonly #wake: () => void;
  #epoch: bigint;
  /** The entry that ends the lease; undefined as long as the epoch goes on. */
  #end: bigint | undefined;
  #cursor: bigint;
  /** How far the log is known to reach: who stands behind that has entries that the log has lost. */
  #known = 0n;
  #state: State = 'history';
  #unsubscribe: Unsubscribe;

  constructor(service: Delivery, lease: Lease, wake: () => void) {
    this.#service = service;
    this.#groupId = lease.access.groupId;
    this.#wake = wake;
    this.#epoch = lease.access.epoch;
    this.#cursor = lease.afterSequence;
    this.#unsubscribe = this.#listen();
    this.#take(lease.access);
  }

  /** The epoch that the stream's device has shown to be a member of; it may be over. */
  get epoch(): bigint {
    return this.#epoch;
  }

  /** Goes on under a newer proof from where the topic stands, or further on if the reader says so. */
  renew({ access, afterSequence }: Lease): void {
    // What an older epoch opens says nothing about how far the newer one reaches.
    if (access.epoch < this.#epoch) return;
    const isListening = this.#state === 'history' || this.#state === 'live';
    // A reader that was told where the log begins or ends says where it begins anew.
    if (this.#state === 'over') this.#begin(afterSequence);
    else if (afterSequence > this.#cursor) this.#cursor = afterSequence;
    if (!isListening) {
      this.#state = 'history';
      this.#unsubscribe = this.#listen();
    }
    this.#take(access);
  }

  async step(): Promise<Step> {
    if (this.#state === 'leaseEnded' || this.#state === 'over') return NOTHING;
    const [epoch, cursor] = [this.#epoch, this.#cursor];
    // So says the reader; whether that is true its receipt will show.
    if (cursor > this.#known) return this.#behind(this.#known);
    if (this.#end !== undefined && cursor >= this.#end) return this.#endLease();
    const page = await this.#service.feed.pageAfter(this.#groupId, cursor);
    // Meanwhile the reader may have moved the cursor on, or renewed the lease.
    if (epoch !== this.#epoch || cursor !== this.#cursor) return { responses: [], more: true };
    const [first] = page.entries;
    if (first === undefined) return this.#atTheEnd(page);
    if (first.sequence !== cursor + 1n) return this.#truncated(first.sequence);
    return this.#show(page);
  }

  close(): void {
    this.#unsubscribe();
  }

  #listen(): Unsubscribe {
    return this.#service.feed.follow(this.#groupId, this.#wake);
  }

  #take({ epoch, hasEnded, upToSequence, lastSequence }: GroupAccess): void {
    this.#epoch = epoch;
    this.#end = hasEnded ? upToSequence : undefined;
    // The topic may have gone on since the proof was looked at.
    if (lastSequence > this.#known) this.#known = lastSequence;
  }

  #begin(afterSequence: bigint): void {
    this.#cursor = afterSequence;
    this.#known = 0n;
  }

  async #show(page: LogPage): Promise<Step> {
    const { entries } = page;
    streamLag.observe({}, Number(page.lastSequence - this.#cursor));
    const visible = entries.slice(0, this.#countVisible(entries));
    const last = visible.at(-1);
    if (last === undefined) return this.#endLease();
    this.#advance(last.sequence);
    if (visible.length < entries.length) {
      return { responses: [await this.#toResponse(visible)], more: true };
    }
    const isEnd = this.#end === undefined && this.#service.feed.isEnd(this.#groupId, page);
    return { responses: isEnd ? [page.response, ...this.#live()] : [page.response], more: !isEnd };
  }

  /** How many entries the lease opens. */
  #countVisible(entries: readonly LogEntry[]): number {
    for (const [index, { kind, epoch, sequence }] of entries.entries()) {
      // Only a log that has lost its end and grown anew can have this without the commit before it.
      if (epoch > this.#epoch) return index;
      if (kind === 'commit' && epoch === this.#epoch) {
        this.#end = sequence;
        return index + 1;
      }
    }
    return entries.length;
  }

  #advance(sequence: bigint): void {
    this.#cursor = sequence;
    if (sequence > this.#known) this.#known = sequence;
  }

  async #toResponse(entries: readonly LogEntry[]): Promise<delivery.SubscribeResponse> {
    const groupId = this.#groupId;
    const value = { groupId, entries: await toLogEntries(this.#service.receipts, groupId, entries) };
    return { response: { $case: 'entries', value } };
  }

  /** Nothing comes after the cursor: either the reader has everything, or the log has lost what the reader has. */
  #atTheEnd(page: LogPage): Step {
    const { lastSequence } = page;
    if (lastSequence < this.#cursor) {
      this.#service.feed.forget(this.#groupId);
      return this.#behind(lastSequence);
    }
    const isEnd = lastSequence === this.#cursor && this.#service.feed.isEnd(this.#groupId, page);
    return isEnd ? { responses: this.#live(), more: false } : { responses: [], more: true };
  }

  #live(): readonly delivery.SubscribeResponse[] {
    if (this.#state === 'live') return [];
    this.#state = 'live';
    return [{ response: { $case: 'live', value: { groupId: this.#groupId } } }];
  }

  #behind(lastSequence: bigint): Step {
    this.#leave('over');
    return only({ $case: 'behind', value: { groupId: this.#groupId, lastSequence } });
  }

  #truncated(firstKeptSequence: bigint): Step {
    this.#leave('over');
    return only({ $case: 'truncated', value: { groupId: this.#groupId, firstKeptSequence } });
  }

  #endLease(): Step {
    this.#leave('leaseEnded');
    return only({ $case: 'leaseEnded', value: { groupId: this.#groupId, endedEpoch: this.#epoch } });
  }

  #leave(state: State): void {
    this.#state = state;
    this.#unsubscribe();
  }
}

function only(response: NonNullable<delivery.SubscribeResponse['response']>): Step {
  return { responses: [{ response }], more: false };
}
