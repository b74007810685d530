/**
 * Goes through lists of names, round and round: so retention finds all groups and all mailboxes, some at each call.
 *
 * @module
 */
import type { RedisConnection } from './connection.ts';
import { LISTS } from './group-keys.ts';
import { toBytes, toList } from './reply.ts';
import { loadScript } from './script.ts';

const LIST = loadScript('list-names');

/** How many names one step lists. */
const AT_ONCE = 32;

/** How much one way through lists may do. */
export interface WalkLimits {
  /** The most names to look at. */
  readonly names: number;
  /** The most entries to remove. */
  readonly budget: number;
}

/** Remembers in memory how far it has come, so that every name has its turn. */
export class ListWalk {
  readonly #connection: RedisConnection;
  readonly #listAt: (index: number) => string;
  #list = 0;
  #after: Uint8Array | undefined;

  constructor(connection: RedisConnection, listAt: (index: number) => string) {
    this.#connection = connection;
    this.#listAt = listAt;
  }

  /**
   * Goes on where the last call ended, until the budget is spent, enough names were seen, or all were. `remove` removes
   * entries of the names, up to a budget, and says how many it has removed; so does this.
   */
  async run(
    limits: WalkLimits,
    remove: (names: readonly Uint8Array[], budget: number) => Promise<number>,
  ): Promise<number> {
    let removed = 0;
    let seen = 0;
    for (let lists = 0; lists <= LISTS && seen < limits.names && removed < limits.budget;) {
      const names = await this.#next();
      if (names.length === 0) lists++;
      else removed += await remove(names, limits.budget - removed);
      seen += names.length;
    }
    return removed;
  }

  /** Gives the next names of the current list; none at its end. */
  async #next(): Promise<readonly Uint8Array[]> {
    const reply = await this.#connection.run(LIST, {
      keys: [this.#listAt(this.#list)],
      arguments: [
        this.#after === undefined ? '-' : Buffer.concat([Buffer.from('('), this.#after]),
        String(AT_ONCE),
      ],
    });
    const names = toList(reply).map(toBytes);
    this.#after = names.at(-1);
    if (names.length === 0) this.#list = (this.#list + 1) % LISTS;
    return names;
  }
}
