/**
 * The outboxes of groups on Redis: Welcomes on their way to mailboxes, and how to find them again.
 *
 * A group's outbox is in the slot of the group. So that it is found without looking at every group, the group is in a list,
 * which is in another slot: it is put there before a commit with Welcomes is appended, and leaves only when its outbox was
 * empty long after that. A process may die at any point in between.
 *
 * @module
 */
import type { NewCommit, OutboxEntry, OutboxKey } from '../group-log.ts';
import type { RedisConnection } from './connection.ts';
import { LISTS, outboxKeys, outboxList, outboxListAt } from './group-keys.ts';
import { joinParts, splitParts } from './parts.ts';
import { toBigInt, toBytes, toRows, toText, unexpected } from './reply.ts';
import { loadScript } from './script.ts';
import type { Argument } from './script.ts';
import { fromReferenceBytes, toReferenceBytes, treeReference } from './tree-parts.ts';

const ENLIST = loadScript('enlist-outbox');
const LIST = loadScript('list-outboxes');
const DELIST = loadScript('delist-outbox');
const READ = loadScript('read-outbox');
const COMPLETE = loadScript('complete-outbox');

/** How the list of groups and their outboxes keep together. */
export interface OutboxTimes {
  /** How long after a group was put into the list its commit may be appended, in seconds. */
  readonly appendWithinS: number;
  /** How long a group with an empty outbox stays in the list: longer by more than what the clocks of servers differ by. */
  readonly stayS: number;
}

const TIMES: OutboxTimes = { appendWithinS: 60, stayS: 300 };
/** The most bytes of Welcomes that are read at once from one group. */
const READ_BYTES = 1024 * 1024;

/** A group in a list of outboxes. */
interface Listed {
  readonly list: string;
  readonly groupId: Uint8Array;
  readonly notedAt: string;
}

/** Outboxes of all groups. */
export class RedisOutbox {
  readonly #connection: RedisConnection;
  readonly #times: OutboxTimes;

  constructor(connection: RedisConnection, times: OutboxTimes = TIMES) {
    this.#connection = connection;
    this.#times = times;
  }

  /** Announces that a commit with Welcomes is coming; gives the time up to which it must be there, in seconds of a server. */
  async enlist(groupId: Uint8Array): Promise<string> {
    const now = await this.#connection.run(ENLIST, { keys: [outboxList(groupId)], arguments: [groupId] });
    return String(toBigInt(now) + BigInt(this.#times.appendWithinS));
  }

  /** Reads the oldest ones of each group, groups with older ones first, as far as is known. */
  async pending(limit: number): Promise<readonly OutboxEntry[]> {
    const lists = await Promise.all(
      Array.from({ length: LISTS }, (_, i) => this.#groupsIn(outboxListAt(i), limit)),
    );
    const listed = lists.flat().toSorted((a, b) => Number(a.notedAt) - Number(b.notedAt));
    const entries: OutboxEntry[] = [];
    for (const group of listed) {
      if (entries.length >= limit) break;
      const pending = await this.#pendingOf(group.groupId, limit - entries.length);
      if (pending.length === 0) await this.#delist(group);
      entries.push(...pending);
    }
    return entries;
  }

  /** Forgets what is delivered, group by group. */
  async complete(delivered: readonly OutboxKey[]): Promise<void> {
    const groups = Map.groupBy(delivered, ({ groupId }) => Buffer.from(groupId).toString('latin1'));
    await Promise.all(
      [...groups].map(([groupId, keys]) =>
        this.#connection.run(COMPLETE, {
          keys: outboxKeys(Buffer.from(groupId, 'latin1')),
          arguments: keys.map(({ groupSequence, device }) => `${groupSequence}:${device}`),
        }),
      ),
    );
  }

  async #groupsIn(list: string, limit: number): Promise<readonly Listed[]> {
    const reply = await this.#connection.run(LIST, { keys: [list], arguments: [String(limit)] });
    return toRows(reply, 2).map(([groupId, notedAt]) => ({
      list,
      groupId: toBytes(groupId),
      notedAt: toText(notedAt),
    }));
  }

  async #pendingOf(groupId: Uint8Array, limit: number): Promise<readonly OutboxEntry[]> {
    const reply = await this.#connection.run(READ, {
      keys: outboxKeys(groupId),
      arguments: [String(limit), String(READ_BYTES)],
    });
    return toRows(reply, 2).map(([name, record]) => toOutboxEntry(groupId, toText(name), toBytes(record)));
  }

  async #delist({ list, groupId, notedAt }: Listed): Promise<void> {
    const seen = [groupId, notedAt, String(this.#times.stayS)];
    await this.#connection.run(DELIST, { keys: [list], arguments: seen });
  }
}

/** Writes the Welcomes of a commit as a script takes them: device, record, and so on. */
export function toWelcomeArguments({ welcomes, epoch, ratchetTree }: NewCommit): readonly Argument[] {
  const tree = toReferenceBytes(ratchetTree === undefined ? undefined : treeReference(ratchetTree));
  const begun = String(epoch + 1n);
  return welcomes.flatMap(({ device, welcome }) => [device, joinParts([begun, tree, welcome])]);
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
