/**
 * The group log as plainly as it can be said, to compare stores with.
 *
 * @module
 */
import type {
  AppendOutcome,
  CreateGroupOutcome,
  EpochEnd,
  GroupLog,
  LogEntry,
  LogMark,
  NewCommit,
  NewGroup,
  NewMessage,
  NewTicket,
  OutboxEntry,
  Restoration,
  RestoreOutcome,
  Retention,
  StoredGroupInfo,
  TicketOutcome,
} from '../src/index.ts';
import { treeOf } from './group-log.story.ts';

interface ModelEntry {
  readonly entry: LogEntry;
  /** Undefined when it was restored. */
  readonly requestId: string | undefined;
  readonly atMs: number;
}

interface ModelTree {
  readonly tree: Uint8Array;
  readonly welcomed: boolean;
  readonly atMs: number;
}

interface ModelGroup {
  readonly suite: number;
  readonly accessKeys: Uint8Array[];
  readonly ends: EpochEnd[];
  readonly trees: Map<bigint, ModelTree>;
  readonly tickets: Map<string, { readonly expiresAtMs: number; used: boolean }>;
  entries: ModelEntry[];
  lastSequence: bigint;
  info: Omit<StoredGroupInfo, 'tree'> | undefined;
  quarantinedUntil: LogMark | undefined;
}

/** What the model does, as a store does it. */
export type Modelled = Pick<
  GroupLog,
  | 'createGroup'
  | 'appendCommit'
  | 'appendMessages'
  | 'addTicket'
  | 'hasTicket'
  | 'quarantine'
  | 'restore'
  | 'prune'
>;

/** Bytes as a key of a map. */
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** All groups, in arrays. */
export class GroupLogModel implements Modelled {
  readonly groups = new Map<string, ModelGroup>();
  outbox: OutboxEntry[] = [];

  async createGroup(group: NewGroup): Promise<CreateGroupOutcome> {
    const { groupId, cipherSuite, accessKey, groupInfo, ratchetTree, nowMs } = group;
    const known = this.groups.get(hex(groupId));
    if (known !== undefined) {
      const same = known.suite === cipherSuite && hex(known.accessKeys[0] ?? accessKey) === hex(accessKey);
      return { outcome: same ? 'same' : 'exists' };
    }
    const trees = new Map<bigint, ModelTree>();
    if (groupInfo !== undefined && ratchetTree !== undefined)
      trees.set(0n, { tree: ratchetTree, welcomed: false, atMs: nowMs });
    this.groups.set(hex(groupId), {
      suite: cipherSuite,
      accessKeys: [accessKey],
      ends: [],
      trees,
      tickets: new Map(),
      entries: [],
      lastSequence: 0n,
      info: groupInfo === undefined ? undefined : { epoch: 0n, groupInfo },
      quarantinedUntil: undefined,
    });
    return { outcome: 'created' };
  }

  async appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    return messages.map((message) => this.#appendMessage(message));
  }

  async appendCommit(commit: NewCommit): Promise<AppendOutcome> {
    const group = this.groups.get(hex(commit.groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    const { epoch, commitHash, receipt, requestId, groupId } = commit;
    const refused =
      repeated(group, requestId, (entry) => isCommitOf(entry, epoch, commitHash)) ??
      ended(group, epoch, commitHash) ??
      obstacle(group, epoch, 0) ??
      ticketFault(group, commit);
    if (refused !== undefined) return refused;
    const sequence = group.lastSequence + 1n;
    const end = { ...receipt, sequence, commitHash, nextAccessKey: commit.nextAccessKey };
    const entry = { sequence, kind: 'commit', epoch, message: commit.commit, ended: end } as const;
    append(group, { entry, requestId: hex(requestId), atMs: receipt.acceptedAtMs });
    begin(group, end, { ...commit, welcomed: commit.welcomes.length > 0, nowMs: receipt.acceptedAtMs });
    endTickets(group, commit);
    const tree = commit.ratchetTree === undefined ? undefined : treeOf(commit.ratchetTree);
    for (const { device, welcome } of commit.welcomes)
      this.outbox.push({ groupId, groupSequence: sequence, device, welcome, epoch: epoch + 1n, tree });
    return { outcome: 'accepted', sequence };
  }

  async addTicket(ticket: NewTicket): Promise<TicketOutcome> {
    const { groupId, tokenHash, epoch, expiresAtMs, nowMs, maxTickets } = ticket;
    const group = this.groups.get(hex(groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    if (epochOf(group) !== epoch) return { outcome: 'epochOver' };
    for (const [key, one] of group.tickets) if (one.expiresAtMs < nowMs) group.tickets.delete(key);
    const known = group.tickets.get(hex(tokenHash));
    if (known !== undefined) return { outcome: known.used ? 'used' : 'same' };
    if ([...group.tickets.values()].filter(({ used }) => !used).length >= maxTickets)
      return { outcome: 'full' };
    group.tickets.set(hex(tokenHash), { expiresAtMs, used: false });
    return { outcome: 'added' };
  }

  async hasTicket(groupId: Uint8Array, tokenHash: Uint8Array, nowMs: number): Promise<boolean> {
    const group = this.groups.get(hex(groupId));
    return group !== undefined && isOpen(group, tokenHash, nowMs);
  }

  async quarantine(
    groupId: Uint8Array,
    until: LogMark,
  ): Promise<{ readonly outcome: 'quarantined' | 'notBehind' | 'unknownGroup' }> {
    const group = this.groups.get(hex(groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    if (epochOf(group) > until.epoch || group.lastSequence >= until.sequence) return { outcome: 'notBehind' };
    if (group.quarantinedUntil === undefined || group.quarantinedUntil.epoch < until.epoch)
      group.quarantinedUntil = until;
    return { outcome: 'quarantined' };
  }

  async restore(restoration: Restoration): Promise<RestoreOutcome> {
    const { groupId, epoch, ended: end, messages, commit, nowMs } = restoration;
    const group = this.groups.get(hex(groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    const refused = judge(group, restoration);
    if (refused === 'contradicts') group.quarantinedUntil = undefined;
    if (refused !== undefined) return { outcome: refused };
    for (const entry of messages) append(group, { entry, requestId: undefined, atMs: nowMs });
    const entry = { sequence: end.sequence, kind: 'commit', epoch, message: commit, ended: end } as const;
    append(group, { entry, requestId: undefined, atMs: nowMs });
    begin(group, end, { ...restoration, welcomed: false });
    if (group.quarantinedUntil !== undefined && epoch >= group.quarantinedUntil.epoch)
      group.quarantinedUntil = undefined;
    return { outcome: 'restored' };
  }

  /** Of one group at a time: a store may begin with any of them. */
  async prune({ nowMs, maxAgeMs, maxEntries }: Retention): Promise<number> {
    let removed = 0;
    for (const group of this.groups.values()) {
      const before = group.entries.length;
      while (group.entries.length > 1 && isBeyond(group.entries, maxEntries, nowMs - maxAgeMs))
        group.entries.shift();
      removed += before - group.entries.length;
      for (const [epoch, { atMs }] of group.trees)
        if (epoch < epochOf(group) && atMs < nowMs - maxAgeMs) group.trees.delete(epoch);
      for (const [key, { expiresAtMs }] of group.tickets) if (expiresAtMs < nowMs) group.tickets.delete(key);
    }
    return removed;
  }

  #appendMessage(message: NewMessage): AppendOutcome {
    const group = this.groups.get(hex(message.groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    const { epoch, kind, nowMs, requestId } = message;
    const past = kind === 'proposal' ? 0 : message.maxPastEpochs;
    const refused =
      repeated(group, requestId, (entry) => isSame(entry, message)) ??
      restored(group, message) ??
      obstacle(group, epoch, past);
    if (refused !== undefined) return refused;
    const sequence = group.lastSequence + 1n;
    const entry = { sequence, kind, epoch, message: message.message };
    append(group, { entry, requestId: hex(requestId), atMs: nowMs });
    return { outcome: 'accepted', sequence };
  }
}

function epochOf(group: ModelGroup): bigint {
  return BigInt(group.ends.length);
}

function append(group: ModelGroup, made: ModelEntry): void {
  group.entries.push(made);
  group.lastSequence = made.entry.sequence;
}

function begin(
  group: ModelGroup,
  end: EpochEnd,
  made: Pick<Restoration, 'groupInfo' | 'ratchetTree' | 'nowMs'> & { readonly welcomed: boolean },
): void {
  group.ends.push(end);
  group.accessKeys.push(end.nextAccessKey);
  const epoch = epochOf(group);
  group.info = { epoch, groupInfo: made.groupInfo };
  for (const [old, { welcomed }] of group.trees) if (!welcomed) group.trees.delete(old);
  if (made.ratchetTree !== undefined)
    group.trees.set(epoch, { tree: made.ratchetTree, welcomed: made.welcomed, atMs: made.nowMs });
}

function judge(
  group: ModelGroup,
  { epoch, ended: end, messages }: Restoration,
): 'gap' | 'alreadyThere' | 'contradicts' | undefined {
  if (epoch > epochOf(group)) return 'gap';
  if (epoch < epochOf(group)) {
    const known = group.ends[Number(epoch)];
    const same = known?.sequence === end.sequence && hex(known.commitHash) === hex(end.commitHash);
    return same ? 'alreadyThere' : 'contradicts';
  }
  if (end.sequence <= group.lastSequence) return 'contradicts';
  const expected = [...messages.map(({ sequence }) => sequence), end.sequence];
  const isWhole = expected.every((sequence, i) => sequence === group.lastSequence + BigInt(i) + 1n);
  return isWhole ? undefined : 'gap';
}

function repeated(
  group: ModelGroup,
  requestId: Uint8Array,
  isWhatWasSaid: (entry: LogEntry) => boolean,
): AppendOutcome | undefined {
  const found = group.entries.find((one) => one.requestId === hex(requestId));
  if (found === undefined) return undefined;
  return isWhatWasSaid(found.entry)
    ? { outcome: 'alreadyAccepted', sequence: found.entry.sequence }
    : { outcome: 'requestIdReused' };
}

function ended(group: ModelGroup, epoch: bigint, commitHash: Uint8Array): AppendOutcome | undefined {
  const end = group.ends[Number(epoch)];
  return end !== undefined && hex(end.commitHash) === hex(commitHash)
    ? { outcome: 'alreadyAccepted', sequence: end.sequence }
    : undefined;
}

function restored(group: ModelGroup, message: NewMessage): AppendOutcome | undefined {
  const found = group.entries.find((one) => one.requestId === undefined && isSame(one.entry, message));
  return found === undefined ? undefined : { outcome: 'alreadyAccepted', sequence: found.entry.sequence };
}

function obstacle(group: ModelGroup, epoch: bigint, past: number): AppendOutcome | undefined {
  if (group.quarantinedUntil !== undefined) return { outcome: 'quarantined', until: group.quarantinedUntil };
  const currentEpoch = epochOf(group);
  if (epoch <= currentEpoch && epoch + BigInt(past) >= currentEpoch) return undefined;
  return { outcome: 'conflict', currentEpoch, winningCommitHash: group.ends[Number(epoch)]?.commitHash };
}

function endTickets({ tickets }: ModelGroup, { ticketHash, revokesTickets }: NewCommit): void {
  const ticket = ticketHash === undefined ? undefined : tickets.get(hex(ticketHash));
  if (ticket !== undefined) ticket.used = true;
  if (revokesTickets !== true) return;
  for (const [key, { used }] of tickets) if (!used) tickets.delete(key);
}

function ticketFault(group: ModelGroup, { ticketHash, receipt }: NewCommit): AppendOutcome | undefined {
  const isFine = ticketHash === undefined || isOpen(group, ticketHash, receipt.acceptedAtMs);
  return isFine ? undefined : { outcome: 'ticketInvalid' };
}

function isOpen(group: ModelGroup, tokenHash: Uint8Array, nowMs: number): boolean {
  const ticket = group.tickets.get(hex(tokenHash));
  return ticket !== undefined && !ticket.used && ticket.expiresAtMs >= nowMs;
}

function isCommitOf(entry: LogEntry, epoch: bigint, commitHash: Uint8Array): boolean {
  return entry.kind === 'commit' && entry.epoch === epoch && hex(entry.ended.commitHash) === hex(commitHash);
}

function isSame(entry: LogEntry, { kind, epoch, message }: NewMessage): boolean {
  return entry.kind === kind && entry.epoch === epoch && hex(entry.message) === hex(message);
}

function isBeyond(entries: readonly ModelEntry[], maxEntries: number, oldestMs: number): boolean {
  const [oldest] = entries;
  return oldest !== undefined && (entries.length > maxEntries || oldest.atMs < oldestMs);
}
