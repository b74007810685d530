/**
 * What the tests of group logs offer to them.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type {
  AppendOutcome,
  EpochEnd,
  GroupLog,
  LogEntry,
  NewCommit,
  NewGroup,
  NewMessage,
  OutboxEntry,
} from '../src/index.ts';
import { named } from './bench.ts';

/** The time at which everything happens unless a test says otherwise. */
export const NOW_MS = 1_700_000_000_000;

export const groupId = named('group');
export const group: NewGroup = { groupId, cipherSuite: 1, accessKey: named('key 0'), nowMs: NOW_MS };

/** A commit in the words of its name. */
export function commit(epoch: bigint, name: string, more: Partial<NewCommit> = {}): NewCommit {
  return {
    groupId,
    epoch,
    requestId: named(`request ${name}`),
    commit: named(`commit ${name}`),
    commitHash: named(`hash ${name}`),
    groupInfo: named(`info ${name}`),
    nextAccessKey: named(`key ${name}`),
    welcomes: [],
    receipt: { acceptedAtMs: NOW_MS, previousReceiptHash: named(`before ${name}`), keyId: `kid ${name}` },
    ...more,
  };
}

/** How a commit by {@link commit} ends its epoch. */
export function endBy(name: string, sequence: bigint): EpochEnd {
  return {
    sequence,
    commitHash: named(`hash ${name}`),
    nextAccessKey: named(`key ${name}`),
    acceptedAtMs: NOW_MS,
    previousReceiptHash: named(`before ${name}`),
    keyId: `kid ${name}`,
  };
}

/** A message in the words of its name. */
export function message(epoch: bigint, name: string, more: Partial<NewMessage> = {}): NewMessage {
  return {
    groupId,
    epoch,
    requestId: named(`request ${name}`),
    kind: 'application',
    message: named(`message ${name}`),
    maxPastEpochs: 1,
    nowMs: NOW_MS,
    ...more,
  };
}

/** Appends one message. */
export async function append(log: Pick<GroupLog, 'appendMessages'>, one: NewMessage): Promise<AppendOutcome> {
  const [outcome] = await log.appendMessages([one]);
  if (outcome === undefined) throw new Error('the log did not answer');
  return outcome;
}

/** Appends a message of its own for each name. */
export async function appendAll(log: GroupLog, epoch: bigint, names: readonly string[]): Promise<void> {
  await log.appendMessages(names.map((name) => message(epoch, name)));
}

/** Reads a whole log. */
export function readAll(log: GroupLog, id = groupId): Promise<readonly LogEntry[]> {
  return log.read({ groupId: id, afterSequence: 0n, limit: 10_000, maxBytes: 10_000_000 });
}

/** Says what is in a log, by number. */
export async function inLog(log: GroupLog, id = groupId): Promise<readonly string[]> {
  const entries = await readAll(log, id);
  return entries.map((entry) => `${entry.sequence} ${new TextDecoder().decode(entry.message)}`);
}

/** Reads all Welcomes that were not completed, page after page. */
export async function allPending(log: Pick<GroupLog, 'pendingOutbox'>): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  for await (const page of log.pendingOutbox(5)) entries.push(...page);
  return entries;
}

/** Names a tree as a log does. */
export function treeOf(tree: Uint8Array): { readonly hash: Uint8Array; readonly size: number } {
  return { hash: new Uint8Array(createHash('sha256').update(tree).digest()), size: tree.length };
}
