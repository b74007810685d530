/**
 * Port of the Delivery Service: what is addressed to one device and waits there until it says that it has it.
 *
 * @module
 */
import type { TreeReference } from './group-log.ts';
import type { Unsubscribe, WakeUp } from './wake-up.ts';

/** A Welcome for one device (RFC 9420 §12.4.3.1). */
export interface NewMailboxEntry {
  readonly device: string;
  readonly groupId: Uint8Array;
  /** Sequence number of the commit that the Welcome belongs to: where the joiner starts to read. */
  readonly groupSequence: bigint;
  readonly welcome: Uint8Array;
  /** The epoch that the Welcome leads to, and its tree in the group's log, where the Welcome does not carry it. */
  readonly epoch: bigint;
  readonly tree: TreeReference | undefined;
}

/** What a delivery is judged by. */
export interface DeliveryLimits {
  readonly nowMs: number;
  /** The most entries that a mailbox holds. */
  readonly maxEntries: number;
}

/** Whether the entry is new; the sequence number is the one that it has or had. `full`: nothing has changed, try again later. */
export type DeliverOutcome =
  | { readonly outcome: 'delivered' | 'alreadyDelivered'; readonly sequence: bigint }
  | { readonly outcome: 'full' };

/** How long entries wait for their devices. */
export interface MailboxRetention {
  readonly nowMs: number;
  readonly maxAgeMs: number;
  /** The most entries that one call removes, so that it ends soon. */
  readonly budget: number;
}

/** One entry of a device's mailbox. */
export interface MailboxEntry {
  readonly sequence: bigint;
  readonly groupId: Uint8Array;
  readonly groupSequence: bigint;
  readonly welcome: Uint8Array;
  readonly epoch: bigint;
  readonly tree: TreeReference | undefined;
}

/** A page of a mailbox. */
export interface MailboxQuery {
  readonly device: string;
  readonly afterSequence: bigint;
  /** The most entries in the answer. */
  readonly limit: number;
  /** The most bytes of Welcomes in the answer; the first entry is in it whatever its size. */
  readonly maxBytes: number;
}

/**
 * Mailboxes of devices. Every method is one atomic step. Sequence numbers of a mailbox grow by one and never start again,
 * also when everything was acknowledged, and become visible in their order.
 */
export interface Mailbox {
  /** Puts an entry into a mailbox once per (device, group, sequence), even when it was acknowledged since. */
  deliver(entry: NewMailboxEntry, limits: DeliveryLimits): Promise<DeliverOutcome>;

  /** Reads entries in order; a mailbox that nothing was ever delivered to reads as empty. */
  read(query: MailboxQuery): Promise<readonly MailboxEntry[]>;

  /** Gives the number of the newest entry that was ever delivered, 0 for none: who is said to have later ones has what was lost. */
  lastSequence(device: string): Promise<bigint>;

  /**
   * Deletes what is in the mailbox up to and including a sequence number, and nothing that comes later. A number that the
   * mailbox has not reached speaks of entries that were lost, and deletes nothing.
   */
  acknowledge(device: string, upTo: bigint): Promise<void>;

  /** Removes entries that have waited for longer than the age, the oldest of a mailbox first; gives how many. What was delivered stays known. */
  prune(retention: MailboxRetention): Promise<number>;

  /** Calls the listener after deliveries to a device. See {@link WakeUp}. */
  onDeliver(device: string, listener: WakeUp): Unsubscribe;
}
