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
import { outboxKeys, outboxList } from './group-keys.ts';
import { OutboxWalk } from './outbox-walk.ts';
import { joinParts } from './parts.ts';
import { toBigInt } from './reply.ts';
import { loadScript } from './script.ts';
import type { Argument } from './script.ts';
import { toReferenceBytes, treeReference } from './tree-parts.ts';

const ENLIST = loadScript('enlist-outbox');
const COMPLETE = loadScript('complete-outbox');

/** How the list of groups and their outboxes keep together. */
export interface OutboxTimes {
  /** How long after a group was put into the list its commit may be appended, in seconds. */
  readonly appendWithinS: number;
  /** How long a group with an empty outbox stays in the list: longer by more than what the clocks of servers differ by. */
  readonly stayS: number;
}

const TIMES: OutboxTimes = { appendWithinS: 60, stayS: 300 };

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

  /** Reads what is there, page by page, groups that were noted first before others, as far as is known. */
  pending(limit: number): AsyncIterable<readonly OutboxEntry[]> {
    return new OutboxWalk(this.#connection, limit, this.#times.stayS).pages();
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
}

/** Writes the Welcomes of a commit as a script takes them: device, record, and so on. */
export function toWelcomeArguments({ welcomes, epoch, ratchetTree }: NewCommit): readonly Argument[] {
  const tree = toReferenceBytes(ratchetTree === undefined ? undefined : treeReference(ratchetTree));
  const begun = String(epoch + 1n);
  return welcomes.flatMap(({ device, welcome }) => [device, joinParts([begun, tree, welcome])]);
}
