/**
 * Mailboxes on Redis.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type {
  DeliverOutcome,
  DeliveryLimits,
  Mailbox,
  MailboxRetention,
  MailboxEntry,
  MailboxQuery,
  NewMailboxEntry,
} from '../mailbox.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { RedisConnection } from './connection.ts';
import { mailboxChannel, mailboxKeys } from './group-keys.ts';
import { MailboxPruning } from './mailbox-pruning.ts';
import { joinParts, splitParts } from './parts.ts';
import { toBigInt, toBytes, toNumber, toRows, toText, unexpected } from './reply.ts';
import { loadScript } from './script.ts';
import { fromReferenceBytes, toReferenceBytes } from './tree-parts.ts';

const DELIVER = loadScript('deliver');
const READ = loadScript('read-mailbox');
const ACKNOWLEDGE = loadScript('acknowledge');
const LAST_OF_MAILBOX = loadScript('last-of-mailbox');

/** How many deliveries to a device are remembered, so that a late second one is recognised. */
const DELIVERIES = 16_384;
const LARGEST_SEQUENCE = 2n ** 53n - 1n;

/** Mailboxes on one Redis or on a cluster. */
export class RedisMailbox implements Mailbox {
  readonly #connection: RedisConnection;
  readonly #pruning: MailboxPruning;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#pruning = new MailboxPruning(connection);
  }

  async deliver(entry: NewMailboxEntry, { nowMs, maxEntries }: DeliveryLimits): Promise<DeliverOutcome> {
    await this.#pruning.enlist(entry.device);
    const limits = [String(Math.trunc(nowMs)), String(maxEntries)];
    const reply = await this.#connection.run(DELIVER, {
      keys: mailboxKeys(entry.device),
      arguments: [deliveryName(entry), String(DELIVERIES), toRecord(entry), ...limits],
    });
    const sequence = toNumber(reply);
    if (sequence === 0) return { outcome: 'full' };
    return sequence > 0
      ? { outcome: 'delivered', sequence: BigInt(sequence) }
      : { outcome: 'alreadyDelivered', sequence: BigInt(-sequence) };
  }

  async read({ device, afterSequence, limit, maxBytes }: MailboxQuery): Promise<readonly MailboxEntry[]> {
    if (limit <= 0 || afterSequence >= LARGEST_SEQUENCE) return [];
    const reply = await this.#connection.run(READ, {
      keys: mailboxKeys(device),
      arguments: [String(afterSequence + 1n), String(limit), String(maxBytes)],
    });
    return toRows(reply, 2).map(([id, record]) => toMailboxEntry(toText(id), toBytes(record)));
  }

  async lastSequence(device: string): Promise<bigint> {
    return toBigInt(
      await this.#connection.run(LAST_OF_MAILBOX, { keys: mailboxKeys(device), arguments: [] }),
    );
  }

  async acknowledge(device: string, upTo: bigint): Promise<void> {
    const last = upTo > LARGEST_SEQUENCE ? LARGEST_SEQUENCE : upTo;
    await this.#connection.run(ACKNOWLEDGE, { keys: mailboxKeys(device), arguments: [String(last + 1n)] });
  }

  prune(retention: MailboxRetention): Promise<number> {
    return this.#pruning.prune(retention);
  }

  onDeliver(device: string, listener: WakeUp): Unsubscribe {
    return this.#connection.onPublish(mailboxChannel(device), listener);
  }
}

function deliveryName({ groupId, groupSequence }: NewMailboxEntry): Uint8Array {
  return createHash('sha256').update(groupId).update(`:${groupSequence}`).digest();
}

function toRecord({ groupId, groupSequence, epoch, tree, welcome }: NewMailboxEntry): Uint8Array {
  return joinParts([groupId, String(groupSequence), String(epoch), toReferenceBytes(tree), welcome]);
}

function toMailboxEntry(id: string, record: Uint8Array): MailboxEntry {
  const [groupId, groupSequence, epoch, tree, welcome] = splitParts(record);
  if (groupId === undefined || tree === undefined || welcome === undefined) throw unexpected();
  return {
    sequence: BigInt(id.split('-')[0] ?? ''),
    groupId: new Uint8Array(groupId),
    groupSequence: toBigInt(groupSequence),
    welcome: new Uint8Array(welcome),
    epoch: toBigInt(epoch),
    tree: fromReferenceBytes(tree),
  };
}
