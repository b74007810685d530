/**
 * Lost entries that a member hands in again: whether they can have stood in the log where they are said to have.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { Receipt } from '@canopy/identity';
import { equal } from '@canopy/crypto';
import type { LostMessage } from '@canopy/storage';
import { sha256 } from '../sha256.ts';
import { checkCommitHeader, checkGroupInfo, requireTree } from './check-commit.ts';
import { checkMessage } from './check-message.ts';
import { requireRestorable } from './refused-restoration.ts';

/** The limits that entries were accepted by. */
export interface LostEntriesLimits {
  readonly maxMlsMessageBytes: number;
  readonly maxBundleBytes: number;
}

/** What the receipt says of the commit, and of what suite the group is. */
export interface LostCommit {
  readonly receipt: Receipt;
  readonly cipherSuite: number;
}

/** The entries in their order: messages, then the commit. */
export interface CheckedEntries {
  readonly messages: readonly LostMessage[];
  readonly commit: Uint8Array;
}

/** Finds the receipt of the commit: it is the last entry. @throws {RefusedRestoration} MALFORMED */
export function lostCommitOf({ entries }: delivery.LostEntries): delivery.LogEntry {
  const last = entries.at(-1);
  requireRestorable(
    last?.kind === delivery.LogEntryKind.COMMIT,
    'MALFORMED',
    'the last entry has to be the commit',
  );
  return last;
}

/**
 * Checks lost entries against the receipt of their commit.
 *
 * @throws {RefusedRestoration}, and {RefusedSubmission} for what the log would never have taken
 */
export function checkLostEntries(
  lost: delivery.LostEntries,
  { receipt, cipherSuite }: LostCommit,
  limits: LostEntriesLimits,
): CheckedEntries {
  const commit = lostCommitOf(lost);
  const isOfReceipt =
    equal(receipt.groupId, lost.groupId) &&
    receipt.epoch === commit.epoch &&
    receipt.sequence === commit.sequence &&
    equal(receipt.commitHash, sha256(commit.mlsMessage));
  requireRestorable(isOfReceipt, 'RECEIPT_INVALID', 'the receipt is for another commit');
  requireSize(lost, commit, limits);
  const header = checkCommitHeader(commit.mlsMessage, { groupId: lost.groupId, epoch: commit.epoch });
  checkGroupInfo(lost.groupInfo, {
    groupId: lost.groupId,
    epoch: commit.epoch + 1n,
    cipherSuite,
    confirmationTag: header.publicMessage?.auth.confirmationTag,
  });
  requireTree(lost.ratchetTree);
  requireWhole(lost);
  const messages = lost.entries.slice(0, -1).map((entry) => checkLostMessage(entry, lost, limits));
  return { messages, commit: commit.mlsMessage };
}

function requireSize(
  { groupInfo, ratchetTree }: delivery.LostEntries,
  { mlsMessage }: delivery.LogEntry,
  { maxBundleBytes }: LostEntriesLimits,
): void {
  requireRestorable(
    mlsMessage.length + groupInfo.length + ratchetTree.length <= maxBundleBytes,
    'TOO_LARGE',
    `CANOPY_MAX_BUNDLE_BYTES: a commit with what belongs to it has at most ${maxBundleBytes} bytes`,
  );
}

function requireWhole({ entries }: delivery.LostEntries): void {
  const [first] = entries;
  const isWhole = entries.every(({ sequence }, i) => sequence === (first?.sequence ?? 0n) + BigInt(i));
  requireRestorable(isWhole, 'GAP', 'the entries have a hole');
}

function checkLostMessage(
  { sequence, epoch, kind: said, mlsMessage }: delivery.LogEntry,
  { groupId, entries }: delivery.LostEntries,
  { maxMlsMessageBytes }: LostEntriesLimits,
): LostMessage {
  const message = { groupId, epoch, mlsMessage };
  const { kind } = checkMessage(message, maxMlsMessageBytes);
  const ending = entries.at(-1)?.epoch ?? 0n;
  const isKind =
    said === (kind === 'proposal' ? delivery.LogEntryKind.PROPOSAL : delivery.LogEntryKind.APPLICATION);
  // A proposal is for its own epoch, an application message may be late.
  const isInTime = kind === 'proposal' ? epoch === ending : epoch <= ending;
  requireRestorable(isKind && isInTime, 'MALFORMED', 'an entry is not what it is said to be');
  return { sequence, epoch, kind, message: mlsMessage };
}
