/**
 * Joins groups by the Welcomes in the mailbox (RFC 9420 §12.4.3.1).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { decodeMessage, Group, WireFormat, type OwnKeyPackage, type Welcome } from '@canopy/mls';
import type { Conversations, Known } from './conversations.ts';
import { ClientError } from './errors.ts';
import { fetchTree } from './fetch-tree.ts';
import { toHex } from './hex.ts';
import { codeOfRefusal } from './open-entry.ts';
import { catchUp } from './read-group.ts';
import { readKeyPackageMessage, type StoredKeyPackage } from './store/key-package-store.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Processes one entry of the mailbox: joins the group, or refuses the Welcome with an event. Either way the entry is done
 * with when this returns; what cannot be decided now is thrown.
 */
export async function joinFromMailbox(
  entry: delivery.MailboxEntry,
  around: Surroundings,
  conversations: Conversations,
): Promise<Known | undefined> {
  if (entry.sequence <= around.store.device.mailboxCursor()) return undefined;
  try {
    return await join(entry, around, conversations);
  } catch (error) {
    refuse(entry, codeOfRefusal(error), around);
    return undefined;
  }
}

async function join(
  entry: delivery.MailboxEntry,
  around: Surroundings,
  conversations: Conversations,
): Promise<Known> {
  const id = toHex(entry.groupId);
  await requireNotMember(conversations.find(id), around);
  const welcome = readWelcome(entry.welcome);
  const keyPackage = findKeyPackage(welcome, around);
  const { groupId, tree } = entry;
  const ratchetTree = tree && (await fetchTree({ groupId, tree }, around));
  const { suite, joinOptions: options } = around;
  const group = await Group.join(
    { suite, welcome, keyPackage: toOwn(keyPackage, around), ratchetTree },
    options,
  );
  if (!equal(group.groupId, entry.groupId)) throw refusedWelcome('WRONG_GROUP');
  save({ entry, id, group, keyPackage }, around);
  return conversations.load(id);
}

/** Who was removed and added again finds the removal in the log first. */
async function requireNotMember(known: Known | undefined, around: Surroundings): Promise<void> {
  // Whoever has lost its way may be let in again by a member.
  if (known?.replica.isOngoing !== true || known.replica.fault !== undefined) return;
  if (known.replica.isActive) await catchUp(known.replica, around);
  if (known.replica.isOngoing && known.replica.fault === undefined) throw refusedWelcome('ALREADY_MEMBER');
}

function readWelcome(bytes: Uint8Array): Welcome {
  const message = decodeMessage(bytes);
  if (message.wireFormat === WireFormat.welcome) return message.welcome;
  throw refusedWelcome('NOT_A_WELCOME');
}

function findKeyPackage({ secrets }: Welcome, { store }: Surroundings): StoredKeyPackage {
  for (const { newMember } of secrets) {
    const found = store.keyPackages.find(newMember);
    if (found !== undefined) return found;
  }
  throw refusedWelcome('NO_MATCHING_KEY_PACKAGE');
}

function toOwn(stored: StoredKeyPackage, { identity }: Surroundings): OwnKeyPackage {
  const { message, initPrivateKey, encryptionPrivateKey } = stored;
  const { privateKey: signaturePrivateKey } = identity.signatureKeyPair;
  return {
    keyPackage: readKeyPackageMessage(message),
    initPrivateKey,
    encryptionPrivateKey,
    signaturePrivateKey,
  };
}

interface Joined {
  readonly entry: delivery.MailboxEntry;
  readonly id: string;
  readonly group: Group;
  readonly keyPackage: StoredKeyPackage;
}

function save(
  { entry, id, group, keyPackage }: Joined,
  { store, newEvents, beforeStep }: Surroundings,
): void {
  beforeStep('join:processed');
  store.transaction(() => {
    const place = { id, status: 'active', cursor: entry.groupSequence, joinedEpoch: group.epoch } as const;
    store.beginConversation(place, group.takeChanges());
    // §16.8: the keys of a KeyPackage that was used are gone, but for those of the last resort.
    if (!keyPackage.lastResort) store.keyPackages.delete(keyPackage.ref);
    store.device.moveMailboxCursor(entry.sequence);
    store.events.add({ kind: 'joined', conversation: id });
  });
  newEvents.ring();
  beforeStep('join:saved');
}

function refuse(entry: delivery.MailboxEntry, code: string, { store, log, newEvents }: Surroundings): void {
  const conversation = toHex(entry.groupId);
  log({ event: 'welcome-refused', conversation, code });
  store.transaction(() => {
    store.device.moveMailboxCursor(entry.sequence);
    store.events.add({ kind: 'unreadable', conversation, sequence: entry.groupSequence, code });
  });
  newEvents.ring();
}

function refusedWelcome(reason: string): ClientError {
  return new ClientError('WELCOME_REFUSED', `the Welcome is refused: ${reason}`, { reason });
}
