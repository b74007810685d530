/**
 * Retention on Redis: goes through all groups, some at each call.
 *
 * @module
 */
import type { Retention } from '../group-log.ts';
import type { RedisConnection } from './connection.ts';
import { LISTS, groupKeys, groupsList, groupsListAt } from './group-keys.ts';
import { toList, toBytes, toNumber } from './reply.ts';
import { loadScript } from './script.ts';

const LIST = loadScript('list-groups');
const PRUNE = loadScript('prune-group', 'group');

/** How many groups one call looks at, and how many of them at once. */
const GROUPS = 10_000;
const AT_ONCE = 32;

/** Removes old entries; remembers in memory how far it has come, so that every group has its turn. */
export class GroupPruning {
  readonly #connection: RedisConnection;
  #list = 0;
  #after: Uint8Array | undefined;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Puts a group where it is found again; before the group is opened, so that none is forgotten. */
  async enlist(groupId: Uint8Array): Promise<void> {
    await this.#connection.addSorted(groupsList(groupId), groupId);
  }

  /** Goes on where the last call ended, until the budget is spent, enough groups were seen, or all were. */
  async prune(retention: Retention): Promise<number> {
    let removed = 0;
    let seen = 0;
    for (let lists = 0; lists <= LISTS && seen < GROUPS && removed < retention.budget;) {
      const groups = await this.#nextGroups();
      if (groups.length === 0) lists++;
      seen += groups.length;
      removed += await this.#pruneAll(groups, retention, retention.budget - removed);
    }
    return removed;
  }

  /** Gives the next groups of the current list; none at its end. */
  async #nextGroups(): Promise<readonly Uint8Array[]> {
    const reply = await this.#connection.run(LIST, {
      keys: [groupsListAt(this.#list)],
      arguments: [
        this.#after === undefined ? '-' : Buffer.concat([Buffer.from('('), this.#after]),
        String(AT_ONCE),
      ],
    });
    const groups = toList(reply).map(toBytes);
    this.#after = groups.at(-1);
    if (groups.length === 0) this.#list = (this.#list + 1) % LISTS;
    return groups;
  }

  async #pruneAll(groups: readonly Uint8Array[], retention: Retention, budget: number): Promise<number> {
    if (groups.length === 0) return 0;
    const { nowMs, maxAgeMs, maxEntries } = retention;
    const share = Math.max(1, Math.floor(budget / groups.length));
    const limits = [nowMs - maxAgeMs, maxEntries, share, nowMs].map((each) => String(Math.trunc(each)));
    const counts = await Promise.all(
      // Several groups at once must not take more than the budget together.
      groups
        .slice(0, budget)
        .map((groupId) => this.#connection.run(PRUNE, { keys: groupKeys(groupId), arguments: limits })),
    );
    return counts.reduce<number>((sum, count) => sum + toNumber(count), 0);
  }
}
