/**
 * The group log on SQLite.
 *
 * @module
 */
import { requireOneWelcomePerDevice } from '../group-log.ts';
import type {
  AppendOutcome,
  CreateGroupOutcome,
  EpochAccess,
  GroupLog,
  GroupSummary,
  LogEntry,
  LogMark,
  LogQuery,
  NewCommit,
  NewGroup,
  NewMessage,
  NewTicket,
  OutboxEntry,
  OutboxKey,
  Restoration,
  RestoreOutcome,
  Retention,
  StoredGroupInfo,
  TicketOutcome,
  TreeChunk,
  TreeChunkQuery,
} from '../group-log.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import { appendCommit, appendMessages } from './append.ts';
import type { SqliteConnection } from './connection.ts';
import { readEntries } from './entries.ts';
import { findEpochAccess, findHead, insertGroup, newestEpochs } from './epochs.ts';
import type { Head } from './epochs.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import { KnownGroups } from './known-groups.ts';
import { SqliteOutbox } from './outbox.ts';
import { prune } from './prune.ts';
import { quarantine, restore } from './restore.ts';
import { integer } from './row.ts';
import { addTicket, isOpen } from './tickets.ts';
import { beginEpoch, findGroupInfo, readChunk } from './trees.ts';
import { LogWakeUps } from './log-wake-ups.ts';

/** Logs of groups in one SQLite file. */
export class SqliteGroupLog implements GroupLog {
  readonly #connection: SqliteConnection;
  readonly #recentEpochs: number;
  readonly #outbox: SqliteOutbox;
  readonly #known: KnownGroups;
  readonly #wakeUps: LogWakeUps;

  constructor(connection: SqliteConnection, foreignWrites: ForeignWrites, recentEpochs: number) {
    this.#connection = connection;
    this.#wakeUps = new LogWakeUps(foreignWrites, (name) => this.#lastSequence(name));
    this.#recentEpochs = recentEpochs;
    this.#outbox = new SqliteOutbox(connection);
    this.#known = new KnownGroups(connection);
  }

  async createGroup(group: NewGroup): Promise<CreateGroupOutcome> {
    return this.#connection.commit(() => {
      const head = findHead(this.#connection, group.groupId);
      if (head !== undefined) return { outcome: this.#isSame(head, group) ? 'same' : 'exists' };
      this.#open(group);
      return { outcome: 'created' };
    });
  }

  async findGroup(groupId: Uint8Array): Promise<GroupSummary | undefined> {
    const read = (): GroupSummary | undefined => this.#summary(groupId);
    return this.#known.find(topic(groupId), () => this.#connection.read(read));
  }

  async findEpoch(groupId: Uint8Array, epoch: bigint): Promise<EpochAccess | undefined> {
    return this.#connection.read(() => {
      const head = findHead(this.#connection, groupId);
      return head === undefined ? undefined : findEpochAccess(this.#connection, head.key, epoch);
    });
  }

  async appendCommit(commit: NewCommit): Promise<AppendOutcome> {
    requireOneWelcomePerDevice(commit);
    const answer = await this.#connection.commit(() => appendCommit(this.#connection, commit));
    this.#wake([commit], [answer]);
    return answer;
  }

  async appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    if (messages.length === 0) return [];
    const answers = await this.#connection.commit(() => appendMessages(this.#connection, messages));
    this.#wake(messages, answers);
    return answers;
  }

  async read(query: LogQuery): Promise<readonly LogEntry[]> {
    return this.#connection.read(() => readEntries(this.#connection, query));
  }

  async groupInfo(groupId: Uint8Array): Promise<StoredGroupInfo | undefined> {
    return this.#connection.read(() => findGroupInfo(this.#connection, groupId));
  }

  async readTree(query: TreeChunkQuery): Promise<TreeChunk | undefined> {
    return this.#connection.read(() => readChunk(this.#connection, query));
  }

  async addTicket(ticket: NewTicket): Promise<TicketOutcome> {
    return this.#connection.commit(() => {
      const head = findHead(this.#connection, ticket.groupId);
      if (head === undefined) return { outcome: 'unknownGroup' };
      if (head.epoch !== ticket.epoch) return { outcome: 'epochOver' };
      return { outcome: addTicket(this.#connection, head.key, ticket) };
    });
  }

  async hasTicket(groupId: Uint8Array, tokenHash: Uint8Array, nowMs: number): Promise<boolean> {
    return this.#connection.read(() => {
      const head = findHead(this.#connection, groupId);
      return head !== undefined && isOpen(this.#connection, { groupKey: head.key, tokenHash, nowMs });
    });
  }

  async quarantine(
    groupId: Uint8Array,
    until: LogMark,
  ): Promise<{ readonly outcome: 'quarantined' | 'notBehind' | 'unknownGroup' }> {
    return this.#connection.commit(() => ({ outcome: quarantine(this.#connection, groupId, until) }));
  }

  async restore(restoration: Restoration): Promise<RestoreOutcome> {
    const outcome = await this.#connection.commit(() => restore(this.#connection, restoration));
    if (outcome === 'restored') this.#wakeUps.wake(topic(restoration.groupId), restoration.ended.sequence);
    return { outcome };
  }

  async prune(retention: Retention): Promise<number> {
    return this.#connection.commit(() => prune(this.#connection, retention));
  }

  pendingOutbox(limit: number): AsyncIterable<readonly OutboxEntry[]> {
    return this.#outbox.pending(limit);
  }

  async completeOutbox(delivered: readonly OutboxKey[]): Promise<void> {
    return this.#outbox.complete(delivered);
  }

  onAppend(groupId: Uint8Array, listener: WakeUp): Unsubscribe {
    return this.#wakeUps.on(topic(groupId), listener);
  }

  #summary(groupId: Uint8Array): GroupSummary | undefined {
    const head = findHead(this.#connection, groupId);
    if (head === undefined) return undefined;
    const { key, cipherSuite, epoch, lastSequence, quarantinedUntil } = head;
    const accessKeys = newestEpochs(this.#connection, key, this.#recentEpochs + 1);
    return { cipherSuite, epoch, lastSequence, accessKeys, quarantinedUntil };
  }

  #open(group: NewGroup): void {
    const { groupInfo, ratchetTree, nowMs } = group;
    const groupKey = insertGroup(this.#connection, group);
    if (groupInfo !== undefined)
      beginEpoch(this.#connection, { groupKey, epoch: 0n, groupInfo, ratchetTree, welcomed: false, nowMs });
  }

  #isSame(head: Head, { cipherSuite, accessKey }: NewGroup): boolean {
    const first = findEpochAccess(this.#connection, head.key, 0n);
    return (
      head.cipherSuite === cipherSuite &&
      first !== undefined &&
      Buffer.compare(first.accessKey, accessKey) === 0
    );
  }

  #wake(offered: readonly { readonly groupId: Uint8Array }[], answers: readonly AppendOutcome[]): void {
    const ends = new Map<string, bigint>();
    for (const [i, { groupId }] of offered.entries()) {
      const answer = answers[i];
      if (answer?.outcome === 'accepted') ends.set(topic(groupId), answer.sequence);
    }
    for (const [name, sequence] of ends) this.#wakeUps.wake(name, sequence);
  }

  #lastSequence(name: string): bigint {
    const row = this.#connection.get(
      'SELECT last_sequence FROM delivery_group WHERE group_id = ?',
      Buffer.from(name, 'latin1'),
    );
    return row === undefined ? 0n : integer(row, 'last_sequence');
  }
}

function topic(groupId: Uint8Array): string {
  return Buffer.from(groupId).toString('latin1');
}
