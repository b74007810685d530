/**
 * What every call of the delivery service works with.
 *
 * @module
 */
import type { Clock } from '@canopy/service';
import type { GroupLog, Mailbox } from '@canopy/storage';
import type { DeliveryConfig } from './config.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Outbox } from './outbox.ts';

/** The stores of the delivery service. */
export interface DeliveryStores {
  readonly groupLog: GroupLog;
  readonly mailbox: Mailbox;
}

/** What every call works with. */
export interface Delivery {
  readonly stores: DeliveryStores;
  readonly config: DeliveryConfig;
  readonly clock: Clock;
  readonly gatekeeper: Gatekeeper;
  readonly outbox: Outbox;
}
