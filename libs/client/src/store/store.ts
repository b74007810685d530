/**
 * The state of a client, table by table.
 *
 * @module
 */
import type { RecordChange } from '@canopy/mls';
import { ConversationStore, type StoredConversation } from './conversation-store.ts';
import { Database } from './database.ts';
import { DeviceStore } from './device-store.ts';
import { EventStore } from './event-store.ts';
import { IntruderStore } from './intruder-store.ts';
import { KeyPackageStore } from './key-package-store.ts';
import { OutgoingStore } from './outgoing-store.ts';
import { ReceiptStore } from './receipt-store.ts';
import { RecentEntryStore } from './recent-entry-store.ts';
import { RecoveryStore } from './recovery-store.ts';
import { RevocationStore } from './revocation-store.ts';
import { TicketStore } from './ticket-store.ts';
import { VisitStore } from './visit-store.ts';

/** Everything that a client must not lose, in one file. */
export interface Store {
  readonly device: DeviceStore;
  readonly keyPackages: KeyPackageStore;
  readonly conversations: ConversationStore;
  readonly outgoing: OutgoingStore;
  readonly events: EventStore;
  readonly intruders: IntruderStore;
  readonly recentEntries: RecentEntryStore;
  readonly receipts: ReceiptStore;
  readonly recoveries: RecoveryStore;
  readonly revocations: RevocationStore;
  readonly tickets: TicketStore;
  readonly visits: VisitStore;
  /** Saves a group that this device has joined, with nothing of an earlier life of it; part of a transaction. */
  beginConversation(conversation: StoredConversation, records: readonly RecordChange[]): void;
  /** Runs a step over any tables; it is durable on return, or has changed nothing when it throws. */
  transaction<T>(step: () => T): T;
  close(): void;
}

/** Opens a state file. @throws {ClientError} STATE_IN_USE, INVALID_STATE */
export function openStore(path: string): Store {
  const database = Database.open(path);
  const conversations = new ConversationStore(database);
  const intruders = new IntruderStore(database);
  const recentEntries = new RecentEntryStore(database);
  const receipts = new ReceiptStore(database);
  const recoveries = new RecoveryStore(database);
  const tickets = new TicketStore(database);
  return {
    device: new DeviceStore(database),
    keyPackages: new KeyPackageStore(database),
    conversations,
    outgoing: new OutgoingStore(database),
    events: new EventStore(database),
    intruders,
    recentEntries,
    receipts,
    recoveries,
    revocations: new RevocationStore(database),
    tickets,
    visits: new VisitStore(database),
    beginConversation(conversation, records) {
      conversations.create(conversation, records);
      conversations.deletePendingCommit(conversation.id);
      for (const rows of [intruders, recentEntries, receipts, recoveries, tickets]) {
        rows.deleteAll(conversation.id);
      }
      conversations.saveKeyAges(conversation.id, new Map());
    },
    transaction: (step) => database.transaction(step),
    close: () => database.close(),
  };
}
