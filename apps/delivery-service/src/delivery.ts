/**
 * What every call of the delivery service works with.
 *
 * @module
 */
import type { DeviceIdentities } from '@canopy/identity';
import type { Clock } from '@canopy/service';
import type { GroupLog, Mailbox, RateLimits, ReceiptKeys } from '@canopy/storage';
import type { DeliveryConfig } from './config.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Outbox } from './outbox.ts';
import type { PublicGroups } from './public-groups.ts';
import type { ReceiptBook } from './receipt-book.ts';
import type { RequestLimits } from './request-limits.ts';
import type { Revocations } from './revocations.ts';
import type { LogFeed } from './stream/log-feed.ts';

/** The stores of the delivery service. */
export interface DeliveryStores {
  readonly groupLog: GroupLog;
  readonly mailbox: Mailbox;
  readonly receiptKeys: ReceiptKeys;
  readonly rateLimits: RateLimits;
}

/** What every call works with. */
export interface Delivery {
  readonly stores: DeliveryStores;
  readonly config: DeliveryConfig;
  readonly clock: Clock;
  readonly gatekeeper: Gatekeeper;
  readonly receipts: ReceiptBook;
  readonly limits: RequestLimits;
  readonly publicGroups: PublicGroups;
  /** Judges who joins by an external commit. Revoked devices do not come so far: their tokens are refused. */
  readonly identities: DeviceIdentities;
  readonly revocations: Revocations;
  readonly outbox: Outbox;
  readonly feed: LogFeed;
}
