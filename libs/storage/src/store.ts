/**
 * All ports together, and how they are opened.
 *
 * @module
 */
import type { GroupLog } from './group-log.ts';
import type { Mailbox } from './mailbox.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ReceiptKeys } from './receipt-keys.ts';
import type { RedisTarget } from './redis/access.ts';
import type { Registry } from './registry.ts';
import type { SingleUseStock } from './single-use-stock.ts';

/** Which store, and how it is reached. */
export type StoreOptions = (
  | {
      readonly store: 'sqlite';
      /** The folder of the file, made when missing. */
      readonly folder: string;
      /** The name of the file, without its ending. */
      readonly name: string;
    }
  | RedisTarget
) & {
  /** How many epochs before the current one `findGroup` answers with. */
  readonly recentEpochs?: number;
  /** The domain whose registry it is: several domains may share one Redis. */
  readonly domain?: string;
};

/** All ports on one store. */
export interface Store {
  readonly groupLog: GroupLog;
  readonly mailbox: Mailbox;
  readonly receiptKeys: ReceiptKeys;
  readonly singleUseStock: SingleUseStock;
  readonly rateLimits: RateLimits;
  readonly registry: Registry;
  /** Whether the store answers now. */
  isHealthy(): Promise<boolean>;
  /** Ends the use of the store; every later call throws a `StorageError`. */
  close(): void;
}
