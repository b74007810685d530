/**
 * What an entry of the log means for this device.
 *
 * @module
 */
import { CodecError } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { CryptoError, equal } from '@canopy/crypto';
import { IdentityError } from '@canopy/identity';
import {
  ContentType,
  decodeMessage,
  MlsError,
  WireFormat,
  type Group,
  type MLSMessage,
  type StagedCommit,
} from '@canopy/mls';
import { readFrame, type TicketAnnouncement } from './application-frame.ts';
import { ClientError } from './errors.ts';
import { deviceOfLeaf } from './members.ts';
import type { PendingCommit } from './pending-commit.ts';
import { externalPsksOf } from './tickets.ts';

/** What an entry of the log means for this device. */
export type OpenedEntry =
  /** An own message, one from before this device came, or one that came before. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'message'; readonly from: string; readonly data: Uint8Array }
  /** A member has made a ticket. */
  | { readonly kind: 'ticket'; readonly ticket: TicketAnnouncement }
  | { readonly kind: 'proposal' }
  | {
      readonly kind: 'commit';
      readonly staged: StagedCommit;
      /** The pre-shared keys that a guest has shown. */
      readonly usedPsks: readonly Uint8Array[];
    }
  /** The commit that was pending is in the log. */
  | { readonly kind: 'ownCommit'; readonly pending: PendingCommit }
  | { readonly kind: 'unreadable'; readonly code: string }
  /** The service has signed two receipts that cannot both be true. */
  | { readonly kind: 'lie'; readonly receipts: readonly [string, string] };

/** Where an entry meets this device. */
export interface EntryContext {
  readonly group: Group;
  readonly pending: PendingCommit | undefined;
  readonly joinedEpoch: bigint;
}

/**
 * Requires that an entry is called what its message is: a commit under another name would need no receipt. What is no message
 * at all is refused later.
 *
 * @throws {ClientError} INVALID_RESPONSE
 */
export function requireTrueKind({ kind, mlsMessage }: delivery.LogEntry): void {
  const contentType = contentTypeOf(mlsMessage);
  if (contentType === undefined || KINDS[contentType] === kind) return;
  throw new ClientError('INVALID_RESPONSE', 'an entry of the log is not what the service calls it', {
    reason: 'WRONG_KIND',
  });
}

const KINDS: Readonly<Record<ContentType, delivery.LogEntryKind>> = {
  [ContentType.application]: delivery.LogEntryKind.APPLICATION,
  [ContentType.proposal]: delivery.LogEntryKind.PROPOSAL,
  [ContentType.commit]: delivery.LogEntryKind.COMMIT,
};

/** What a message holds is in the clear, also where the rest is encrypted (RFC 9420 §6.2, §6.3). */
function contentTypeOf(mlsMessage: Uint8Array): ContentType | undefined {
  try {
    const message = decodeMessage(mlsMessage);
    if (message.wireFormat === WireFormat.publicMessage) {
      return message.publicMessage.content.body.contentType;
    }
    return message.wireFormat === WireFormat.privateMessage ? message.privateMessage.contentType : undefined;
  } catch (error) {
    codeOfRefusal(error);
    return undefined;
  }
}

/** Opens an entry; the group's ratchets may have moved afterwards, its epoch has not. */
export async function openEntry(
  { kind, epoch, mlsMessage }: delivery.LogEntry,
  { group, pending, joinedEpoch }: EntryContext,
): Promise<OpenedEntry> {
  if (epoch < joinedEpoch) return { kind: 'nothing' };
  if (kind === delivery.LogEntryKind.COMMIT && pending !== undefined && equal(mlsMessage, pending.commit)) {
    return { kind: 'ownCommit', pending };
  }
  try {
    return await process(group, decodeMessage(mlsMessage));
  } catch (error) {
    if (isOwn(error) && kind !== delivery.LogEntryKind.COMMIT) return { kind: 'nothing' };
    return { kind: 'unreadable', code: codeOfRefusal(error) };
  }
}

function isOwn(error: unknown): boolean {
  return error instanceof MlsError && error.code === 'OWN_MESSAGE';
}

async function process(group: Group, message: MLSMessage): Promise<OpenedEntry> {
  const received = await group.process(message);
  switch (received.kind) {
    case 'application': {
      const framed = readFrame(received.applicationData);
      if (framed.kind === 'ticket') return framed;
      return { kind: 'message', from: deviceOfLeaf(received.sender.leafNode), data: framed.data };
    }
    case 'proposal':
      return { kind: 'proposal' };
    case 'commit':
      return { kind: 'commit', staged: received.staged, usedPsks: externalPsksOf(message) };
  }
}

/** Gives the code of an error that means that bytes were refused; throws every other error again. */
export function codeOfRefusal(error: unknown): string {
  if (error instanceof ClientError && REFUSALS.has(error.code)) return error.reason;
  const isRefusal =
    error instanceof MlsError ||
    error instanceof CodecError ||
    error instanceof CryptoError ||
    error instanceof IdentityError;
  if (isRefusal) return error.code;
  throw error;
}

/** What the client itself refuses of what others sent. */
const REFUSALS: ReadonlySet<string> = new Set(['WELCOME_REFUSED', 'TREE_REFUSED', 'GROUP_INFO_REFUSED']);
