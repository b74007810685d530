/**
 * Who came into a group by a commit that this device has refused, as a guest does without the key of a ticket. To come back
 * the device has to go on from that commit; it sends nothing until the intruder is out (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import {
  ContentType,
  decodeMessage,
  PublicGroup,
  SenderType,
  WireFormat,
  type Group,
  type GroupOptions,
  type PublicMessage,
} from '@canopy/mls';
import { ClientError } from './errors.ts';
import { deviceOfLeaf, leafOfDevice } from './members.ts';
import { codeOfRefusal } from './open-entry.ts';
import type { Store } from './store/store.ts';

/** A group whose intruders are looked for. */
interface Place {
  /** The conversation. */
  readonly id: string;
  readonly group: Group;
}

/** Remembers who came in by an entry that was refused, if it lets in anybody who was not a member. */
export function keepIntruder(entry: delivery.LogEntry, { id, group }: Place, { intruders }: Store): void {
  const device = newcomerOf(entry);
  if (device === undefined || leafOfDevice(group.state.tree, device) !== undefined) return;
  intruders.add(id, device);
}

/** Forgets intruders that are not in the group any more: whoever lets them in later means it. */
export function forgetGone({ id, group }: Place, { intruders }: Store): void {
  for (const device of intruders.all(id)) {
    if (leafOfDevice(group.state.tree, device) === undefined) intruders.delete(id, device);
  }
}

/** The intruders that are in the group. */
export function intrudersIn({ id, group }: Place, { intruders }: Store): ReadonlySet<string> {
  const devices = intruders.all(id);
  return new Set(devices.filter((device) => leafOfDevice(group.state.tree, device) !== undefined));
}

/** Requires that nobody can read along whom the members have not let in. @throws {ClientError} CONVERSATION_STUCK */
export function requireNoIntruder(place: Place, store: Store): void {
  if (intrudersIn(place, store).size === 0) return;
  throw new ClientError('CONVERSATION_STUCK', 'an intruder is in the group', { reason: 'INTRUDER' });
}

/**
 * Gives the group as it is after a refused commit, as far as anybody can tell who has no secret of it; undefined for a commit
 * that says nothing in the open.
 *
 * @throws MlsError, CodecError
 */
export async function followRefused(
  entry: delivery.LogEntry,
  group: Group,
  options: GroupOptions,
): Promise<PublicGroup | undefined> {
  const message = publicCommitOf(entry);
  if (message === undefined || entry.epoch !== group.epoch) return undefined;
  // It was refused before: what it lacks does not matter now.
  const policy = { ...options.policy, pskInExternalCommits: 'optional' } as const;
  const received = await PublicGroup.of(group.state, { ...options, policy }).receive(message);
  return received.kind === 'commit' ? received.group : undefined;
}

function publicCommitOf({ kind, mlsMessage }: delivery.LogEntry): PublicMessage | undefined {
  if (kind !== delivery.LogEntryKind.COMMIT) return undefined;
  const message = decodeMessage(mlsMessage);
  return message.wireFormat === WireFormat.publicMessage ? message.publicMessage : undefined;
}

function newcomerOf(entry: delivery.LogEntry): string | undefined {
  try {
    const content = publicCommitOf(entry)?.content;
    if (content?.sender.senderType !== SenderType.newMemberCommit) return undefined;
    const { body } = content;
    const path = body.contentType === ContentType.commit ? body.commit.path : undefined;
    return path && deviceOfLeaf(path.leafNode);
  } catch (error) {
    // What nobody can read has let nobody in.
    codeOfRefusal(error);
    return undefined;
  }
}
