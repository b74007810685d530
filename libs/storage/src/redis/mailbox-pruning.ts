/**
 * Retention of mailboxes on Redis: goes through all mailboxes, some at each call.
 *
 * @module
 */
import type { MailboxRetention } from '../mailbox.ts';
import type { RedisConnection } from './connection.ts';
import { mailboxKeys, mailboxesList, mailboxesListAt } from './group-keys.ts';
import { ListWalk } from './list-walk.ts';
import { toNumber } from './reply.ts';
import { loadScript } from './script.ts';

const PRUNE = loadScript('prune-mailbox');

/** How many mailboxes one call looks at. */
const MAILBOXES = 10_000;

/** Removes old entries of mailboxes. */
export class MailboxPruning {
  readonly #connection: RedisConnection;
  readonly #walk: ListWalk;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#walk = new ListWalk(connection, mailboxesListAt);
  }

  /** Puts a mailbox where it is found again; before something is delivered to it, so that none is forgotten. */
  async enlist(device: string): Promise<void> {
    await this.#connection.addSorted(mailboxesList(device), device);
  }

  /** Goes on where the last call ended, until the budget is spent, enough mailboxes were seen, or all were. */
  prune({ nowMs, maxAgeMs, budget }: MailboxRetention): Promise<number> {
    const before = String(Math.trunc(nowMs - maxAgeMs));
    return this.#walk.run({ names: MAILBOXES, budget }, async (names, left) => {
      const devices = names.slice(0, left).map((name) => Buffer.from(name).toString('utf8'));
      const share = String(Math.max(1, Math.floor(left / names.length)));
      const counts = await Promise.all(
        devices.map((device) =>
          this.#connection.run(PRUNE, { keys: mailboxKeys(device), arguments: [before, share] }),
        ),
      );
      return counts.reduce<number>((sum, count) => sum + toNumber(count), 0);
    });
  }
}
