/**
 * Pages of the logs of groups, read and encoded once for all streams of the process that stand at the same place.
 *
 * Entries never change, but a store that fails over may have lost the newest of them, and others take their places. So a page is
 * used again only for less time than a failover takes; that there is nothing after a place must be found out anew after each wake-up.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { Clock } from '@canopy/service';
import type { AppendOutcome, GroupLog, LogEntry, NewMessage, Unsubscribe, WakeUp } from '@canopy/storage';
import { toLogEntries, toMessageEntry } from '../calls/log-entries.ts';
import type { ReceiptBook } from '../receipt-book.ts';
import { Recent } from '../recent.ts';
import { acceptedOf, groupKeyOf, pagesOf } from './appended.ts';

/** Where pages come from, and how large they are. */
export interface LogFeedOptions {
  readonly groupLog: GroupLog;
  readonly receipts: ReceiptBook;
  readonly pageEntries: number;
  readonly pageBytes: number;
  /** The most bytes of messages in the pages that are remembered. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** What a log had after a place. */
export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** What a stream says that stands at this place and may see all of it: one object for all of them, so that it is encoded once. */
  readonly response: delivery.SubscribeResponse;
  /** Whether the log ended with the page when it was read. */
  readonly isLast: boolean;
  /** Where the log ended then. Before the place, if the log has lost what was there. */
  readonly lastSequence: bigint;
  readonly since: WakeUpMark;
  /** From when on the page may be older than the log. */
  readonly atMs: number;
}

/** Stands for all that is known of a group between two wake-ups. */
type WakeUpMark = object;

/** A group that somebody in this process follows. */
interface FollowedGroup {
  readonly listeners: Set<WakeUp>;
  /** Reads that have begun since the last wake-up, by their place: whoever asks for the same may wait for them. */
  readonly reading: Map<bigint, Promise<LogPage>>;
  since: WakeUpMark;
  unsubscribe: Unsubscribe;
}

const PAGE_OVERHEAD = 512;
/** How long a page is used again. */
const FRESH_MS = 2_000;

/** The logs that the streams of a process follow. */
export class LogFeed {
  readonly #options: LogFeedOptions;
  readonly #groups = new Map<string, FollowedGroup>();
  readonly #pages: Recent<string, LogPage>;

  constructor(options: LogFeedOptions) {
    this.#options = options;
    this.#pages = new Recent(options.maxBytes);
  }

  /** Calls the listener after appends to a group. */
  follow(groupId: Uint8Array, listener: WakeUp): Unsubscribe {
    const key = groupKeyOf(groupId);
    const group = this.#groups.get(key) ?? this.#open(key, groupId);
    group.listeners.add(listener);
    return () => {
      group.listeners.delete(listener);
      if (group.listeners.size > 0 || this.#groups.get(key) !== group) return;
      this.#groups.delete(key);
      group.unsubscribe();
    };
  }

  /**
   * Appends messages to their logs, and remembers what was accepted as pages, for those who follow the groups: a reading would
   * give the same entries, since they never change.
   */
  async appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    const atMs = this.#options.clock.now();
    const outcomes = await this.#options.groupLog.appendMessages(messages);
    const followed = (key: string): boolean => this.#groups.has(key);
    for (const { groupId, entries } of acceptedOf(messages, outcomes, followed))
      this.#remember(groupId, entries, atMs);
    return outcomes;
  }

  /** Gives the next page after a place of a group that is followed; one without entries when there is nothing now. */
  pageAfter(groupId: Uint8Array, after: bigint): Promise<LogPage> {
    const key = groupKeyOf(groupId);
    const known = this.#pages.find(nameOf(key, after));
    if (known !== undefined && this.#isFresh(known)) return Promise.resolve(known);
    const group = this.#groups.get(key);
    if (group === undefined) throw new TypeError('the group is not followed');
    const begun = group.reading.get(after);
    if (begun !== undefined) return begun;
    const reading = this.#read(groupId, after, group.since).finally(() => {
      if (group.reading.get(after) === reading) group.reading.delete(after);
    });
    group.reading.set(after, reading);
    return reading;
  }

  /** Tells whether nothing can have come after a page without a wake-up that is still to be heard. */
  isEnd(groupId: Uint8Array, page: LogPage): boolean {
    return page.isLast && this.#groups.get(groupKeyOf(groupId))?.since === page.since;
  }

  /** Forgets the pages of a group whose log was found to be another one than before. */
  forget(groupId: Uint8Array): void {
    const end = ` ${groupKeyOf(groupId)}`;
    for (const name of this.#pages.names()) if (name.endsWith(end)) this.#pages.forget(name);
  }

  #isFresh({ atMs }: LogPage): boolean {
    return this.#options.clock.now() - atMs < FRESH_MS;
  }

  #open(key: string, groupId: Uint8Array): FollowedGroup {
    const group: FollowedGroup = {
      listeners: new Set(),
      reading: new Map(),
      since: {},
      unsubscribe: () => undefined,
    };
    this.#groups.set(key, group);
    group.unsubscribe = this.#options.groupLog.onAppend(groupId, () => {
      // A read that began before may have seen nothing of what has come.
      group.reading.clear();
      group.since = {};
      for (const listener of group.listeners) listener();
    });
    return group;
  }

  #remember(groupId: Uint8Array, entries: readonly LogEntry[], atMs: number): void {
    const key = groupKeyOf(groupId);
    for (const part of pagesOf(entries, this.#options)) {
      const [first] = part;
      const last = part.at(-1);
      if (first === undefined || last === undefined) continue;
      const value = { groupId, entries: part.map((entry) => toMessageEntry(entry)) };
      const page: LogPage = {
        entries: part,
        response: { response: { $case: 'entries', value } },
        // Others may have appended more meanwhile: what comes after is found out by reading.
        isLast: false,
        lastSequence: last.sequence,
        since: {},
        atMs,
      };
      this.#pages.keep(nameOf(key, first.sequence - 1n), page, weightOf(part));
    }
  }

  async #read(groupId: Uint8Array, afterSequence: bigint, since: WakeUpMark): Promise<LogPage> {
    const { groupLog, receipts, pageEntries: limit, pageBytes: maxBytes, clock } = this.#options;
    const atMs = clock.now();
    const [entries, group] = await Promise.all([
      groupLog.read({ groupId, afterSequence, limit, maxBytes }),
      groupLog.findGroup(groupId),
    ]);
    const value = { groupId, entries: await toLogEntries(receipts, groupId, entries) };
    const lastSequence = group?.lastSequence ?? 0n;
    const page: LogPage = {
      entries,
      response: { response: { $case: 'entries', value } },
      isLast: lastSequence <= (entries.at(-1)?.sequence ?? afterSequence),
      lastSequence,
      since,
      atMs,
    };
    // A page behind a hole is not what comes after this place; and a receipt whose key is away may come back.
    if (entries[0]?.sequence === afterSequence + 1n && value.entries.every(isComplete)) {
      this.#pages.keep(nameOf(groupKeyOf(groupId), afterSequence), page, weightOf(entries));
    }
    return page;
  }
}

/** Twice the messages: the page has them, and its encoding. */
function weightOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { message }) => sum + 2 * message.length + PAGE_OVERHEAD, PAGE_OVERHEAD);
}

function isComplete({ kind, receipt }: delivery.LogEntry): boolean {
  return kind !== delivery.LogEntryKind.COMMIT || receipt !== '';
}

function nameOf(key: string, after: bigint): string {
  return `${after} ${key}`;
}
