/**
 * Retention on Redis: goes through all groups, some at each call.
 *
 * @module
 */
import type { Retention } from '../group-log.ts';
import type { RedisConnection } from './connection.ts';
import { groupKeys, groupsList, groupsListAt } from './group-keys.ts';
import { ListWalk } from './list-walk.ts';
import { toNumber } from './reply.ts';
import { loadScript } from './script.ts';

const PRUNE = loadScript('prune-group', 'group');

/** How many groups one call looks at. */
const GROUPS = 10_000;

/** Removes old entries of groups. */
export class GroupPruning {
  readonly #connection: RedisConnection;
  readonly #walk: ListWalk;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#walk = new ListWalk(connection, groupsListAt);
  }

  /** Puts a group where it is found again; before the group is opened, so that none is forgotten. */
  async enlist(groupId: Uint8Array): Promise<void> {
    await this.#connection.addSorted(groupsList(groupId), groupId);
  }

  /** Goes on where the last call ended, until the budget is spent, enough groups were seen, or all were. */
  prune(retention: Retention): Promise<number> {
    return this.#walk.run({ names: GROUPS, budget: retention.budget }, (groups, budget) =>
      this.#pruneAll(groups, retention, budget),
    );
  }

  async #pruneAll(groups: readonly Uint8Array[], retention: Retention, budget: number): Promise<number> {
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
