/**
 * The state of a client, table by table.
 *
 * @module
 */
import { ConversationStore } from './conversation-store.ts';
import { Database } from './database.ts';
import { DeviceStore } from './device-store.ts';
import { EventStore } from './event-store.ts';
import { KeyPackageStore } from './key-package-store.ts';
import { OutgoingStore } from './outgoing-store.ts';

/** Everything that a client must not lose, in one file. */
export interface Store {
  readonly device: DeviceStore;
  readonly keyPackages: KeyPackageStore;
  readonly conversations: ConversationStore;
  readonly outgoing: OutgoingStore;
  readonly events: EventStore;
  /** Runs a step over any tables; it is durable on return, or has changed nothing when it throws. */
  transaction<T>(step: () => T): T;
  close(): void;
}

/** Opens a state file. @throws {ClientError} STATE_IN_USE, INVALID_STATE */
export function openStore(path: string): Store {
  const database = Database.open(path);
  return {
    device: new DeviceStore(database),
    keyPackages: new KeyPackageStore(database),
    conversations: new ConversationStore(database),
    outgoing: new OutgoingStore(database),
    events: new EventStore(database),
    transaction: (step) => database.transaction(step),
    close: () => database.close(),
  };
}
