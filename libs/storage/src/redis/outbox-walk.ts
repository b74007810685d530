/**
 * Goes through the outboxes of all groups on Redis: every group in the lists, and everything in its outbox.
 *
 * What is not completed is passed over and not read again, so that it never hides what comes after it. A server that is away
 * hides what it has, and nothing else.
 *
 * @module
 */
import type { OutboxEntry } from '../group-log.ts';
import type { RedisConnection } from './connection.ts';
import { LISTS, outboxKeys, outboxListAt } from './group-keys.ts';
import { splitParts } from './parts.ts';
import { toBigInt, toBytes, toList, toNumber, toRows, toText, unexpected } from './reply.ts';
import { loadScript } from './script.ts';
import { fromReferenceBytes } from './tree-parts.ts';

const LIST = loadScript('list-outboxes');
const DELIST = loadScript('delist-outbox');
const READ = loadScript('read-outbox');

/** How many groups are listed at once in each list, and how many outboxes are read at once. */
const GROUPS = 16;
/** The most bytes of Welcomes that are read at once from one group. */
const READ_BYTES = 1024 * 1024;

/** A group in a list of outboxes. */
interface Listed {
  readonly list: string;
  readonly groupId: Uint8Array;
  readonly notedAt: string;
}

/** How far a list was walked through. */
interface ListPlace {
  readonly list: string;
  readonly last: Listed | undefined;
}

/** How far the outbox of a group was walked through. */
interface OutboxPlace {
  readonly group: Listed;
  /** How many are before the last page; none for the first page. */
  readonly from: number;
  readonly lastPage: readonly string[];
}

/** What was read from a place, and how to go on. */
interface OutboxPage {
  readonly entries: readonly OutboxEntry[];
  readonly next: OutboxPlace | undefined;
}

/** One way through all outboxes. */
export class OutboxWalk {
  readonly #connection: RedisConnection;
  readonly #limit: number;
  readonly #stayS: number;
  readonly #failures: unknown[] = [];

  /** `limit`: the most entries of a page; `stayS`: how long a group with an empty outbox stays in its list. */
  constructor(connection: RedisConnection, limit: number, stayS: number) {
    this.#connection = connection;
    this.#limit = limit;
    this.#stayS = stayS;
  }

  /** Gives what is there, page by page; at the end says what could not be read. @throws StorageError */
  async *pages(): AsyncIterable<readonly OutboxEntry[]> {
    let places: readonly ListPlace[] = Array.from({ length: LISTS }, (_, i) => ({
      list: outboxListAt(i),
      last: undefined,
    }));
    while (places.length > 0) {
      const lists = await this.#all(places, (place) => this.#groupsAfter(place));
      yield* this.#outboxesOf(lists.flat());
      places = lists.flatMap((groups) => nextPlace(groups));
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async *#outboxesOf(groups: readonly Listed[]): AsyncIterable<readonly OutboxEntry[]> {
    const sorted = groups.toSorted((a, b) => Number(a.notedAt) - Number(b.notedAt));
    let places: readonly OutboxPlace[] = sorted.map((group) => ({ group, from: 0, lastPage: [] }));
    while (places.length > 0) {
      const pages = await this.#all(places.slice(0, GROUPS), (place) => this.#read(place));
      yield* inPages(
        pages.flatMap(({ entries }) => entries),
        this.#limit,
      );
      places = [...pages.flatMap(({ next }) => next ?? []), ...places.slice(GROUPS)];
    }
  }

  async #groupsAfter({ list, last }: ListPlace): Promise<readonly Listed[]> {
    const after = last === undefined ? ['', ''] : [last.groupId, last.notedAt];
    const reply = await this.#connection.run(LIST, { keys: [list], arguments: [String(GROUPS), ...after] });
    return toRows(reply, 2).map(([groupId, notedAt]) => ({
      list,
      groupId: toBytes(groupId),
      notedAt: toText(notedAt),
    }));
  }

  async #read({ group, from, lastPage }: OutboxPlace): Promise<OutboxPage> {
    const reply = await this.#connection.run(READ, {
      keys: outboxKeys(group.groupId),
      arguments: [String(this.#limit), String(READ_BYTES), String(from), ...lastPage],
    });
    const [start, ...found] = toList(reply);
    const rows = toRows(found, 2).map(([name, record]) => ({ name: toText(name), record: toBytes(record) }));
    if (rows.length === 0) {
      if (lastPage.length === 0) await this.#delist(group);
      return { entries: [], next: undefined };
    }
    return {
      entries: rows.map(({ name, record }) => toOutboxEntry(group.groupId, name, record)),
      next: { group, from: toNumber(start), lastPage: rows.map(({ name }) => name) },
    };
  }

  async #delist({ list, groupId, notedAt }: Listed): Promise<void> {
    await this.#connection.run(DELIST, { keys: [list], arguments: [groupId, notedAt, String(this.#stayS)] });
  }

  /** Gives the answers that there are, and remembers why the others are missing. */
  async #all<Item, Answer>(
    items: readonly Item[],
    ask: (item: Item) => Promise<Answer>,
  ): Promise<readonly Answer[]> {
    const settled = await Promise.allSettled(items.map(ask));
    return settled.flatMap((one) => {
      if (one.status === 'fulfilled') return [one.value];
      this.#failures.push(one.reason);
      return [];
    });
  }
}

/** Goes on in a list that may have more. */
function nextPlace(groups: readonly Listed[]): readonly ListPlace[] {
  const last = groups.at(-1);
  return last === undefined || groups.length < GROUPS ? [] : [{ list: last.list, last }];
}

function* inPages(entries: readonly OutboxEntry[], size: number): Iterable<readonly OutboxEntry[]> {
  for (let i = 0; i < entries.length; i += size) yield entries.slice(i, i + size);
}

function toOutboxEntry(groupId: Uint8Array, name: string, record: Uint8Array): OutboxEntry {
  const colon = name.indexOf(':');
  const [epoch, tree, welcome] = splitParts(record);
  if (tree === undefined || welcome === undefined) throw unexpected();
  return {
    groupId,
    groupSequence: BigInt(name.slice(0, colon)),
    device: name.slice(colon + 1),
    welcome: new Uint8Array(welcome),
    epoch: toBigInt(epoch),
    tree: fromReferenceBytes(tree),
  };
}
