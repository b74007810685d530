/**
 * The contract suites of all ports, on some Redis.
 *
 * @module
 */
import { describe } from '@jest/globals';
import { openRedis } from '../../src/index.ts';
import type { RedisTarget, Store } from '../../src/index.ts';
import type { StartBench } from '../bench.ts';
import { groupLogContract } from '../group-log.contract.ts';
import { mailboxContract } from '../mailbox.contract.ts';
import { rateLimitsContract } from '../rate-limits.contract.ts';
import { receiptKeysContract } from '../receipt-keys.contract.ts';
import { registryContract } from '../registry.contract.ts';
import { singleUseStockContract } from '../single-use-stock.contract.ts';
import type { RedisServers } from './redis-servers.ts';

/** Servers that are started before the tests run, and how a store reaches them. */
export interface Subject {
  readonly servers: RedisServers;
  readonly target: RedisTarget;
}

/** How many random histories of a group log are tried. */
const HISTORIES = 10;

/** Empties the servers for each test; each opening is a connection of its own. */
export function onServers<Port>(subject: () => Subject, pick: (store: Store) => Port): StartBench<Port> {
  return async () => {
    await subject().servers.flush();
    const stores: Store[] = [];
    return {
      open: async () => {
        const store = await openRedis(subject().target);
        stores.push(store);
        return pick(store);
      },
      end: async () => {
        for (const store of stores) store.close();
      },
    };
  };
}

/** Runs the suites of all ports. */
export function contracts(subject: () => Subject): void {
  describe('GroupLog', () =>
    groupLogContract(
      onServers(subject, (store) => store.groupLog),
      HISTORIES,
    ));
  describe('Mailbox', () => mailboxContract(onServers(subject, (store) => store.mailbox)));
  describe('ReceiptKeys', () => receiptKeysContract(onServers(subject, (store) => store.receiptKeys)));
  describe('SingleUseStock', () =>
    singleUseStockContract(onServers(subject, (store) => store.singleUseStock)));
  describe('RateLimits', () => rateLimitsContract(onServers(subject, (store) => store.rateLimits)));
  describe('Registry', () => registryContract(onServers(subject, (store) => store.registry)));
}
