/**
 * The group log on SQLite.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type {
  AppendOutcome,
  CreateGroupOutcome,
  EpochAccess,
  GroupLog,
  GroupSummary,
  LogEntry,
  LogQuery,
  NewCommit,
  NewGroup,
  NewMessage,
  OutboxEntry,
  OutboxKey,
  StoredGroupInfo,
} from '../group-log.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { SqliteConnection } from './connection.ts';
import { SqliteOutbox } from './outbox.ts';
import { takePage } from './page.ts';
import { bytes, integer, optionalBytes, optionalInteger, smallInteger, text, toInteger } from './row.ts';
import type { Row } from './row.ts';
import { WakeUps } from './wake-ups.ts';
import { StorageError } from '../errors.ts';

/** The row of a group that every append compares with and moves on. */
interface Head {
  readonly key: bigint;
  readonly cipherSuite: number;
  readonly epoch: bigint;
  readonly lastSequence: bigint;
}

type NewEntry = Pick<NewMessage, 'groupId' | 'epoch' | 'requestId' | 'message'> & {
  readonly kind: LogEntry['kind'];
  readonly contentHash: Uint8Array;
};

/** Logs of groups in one SQLite file. */
export class SqliteGroupLog implements GroupLog {
  readonly #connection: SqliteConnection;
  readonly #recentEpochs: number;
  readonly #outbox: SqliteOutbox;
  readonly #wakeUps = new WakeUps();

  constructor(connection: SqliteConnection, recentEpochs: number) {
    this.#connection = connection;
    this.#recentEpochs = recentEpochs;
    this.#outbox = new SqliteOutbox(connection);
  }

  async createGroup(group: NewGroup): Promise<CreateGroupOutcome> {
    return this.#connection.write(() => {
      const head = this.#head(group.groupId);
      if (head !== undefined) return { outcome: this.#isSame(head, group) ? 'same' : 'exists' };
      this.#connection.run(
        'INSERT INTO delivery_group (group_id, cipher_suite, epoch, last_sequence) VALUES (?, ?, 0, 0)',
        group.groupId,
        group.cipherSuite,
      );
      this.#connection.run(
        'INSERT INTO group_epoch (group_key, epoch, access_key) SELECT id, 0, ? FROM delivery_group WHERE group_id = ?',
        group.accessKey,
        group.groupId,
      );
      return { outcome: 'created' };
    });
  }

  async findGroup(groupId: Uint8Array): Promise<GroupSummary | undefined> {
    return this.#connection.read(() => {
      const head = this.#head(groupId);
      if (head === undefined) return undefined;
      const { cipherSuite, epoch, lastSequence } = head;
      const rows = this.#connection.iterate(
        'SELECT epoch, access_key, ended_by_sequence FROM group_epoch WHERE group_key = ? ORDER BY epoch DESC LIMIT ?',
        head.key,
        this.#recentEpochs + 1,
      );
      return { cipherSuite, epoch, lastSequence, accessKeys: Array.from(rows, toEpochAccess) };
    });
  }

  async findEpoch(groupId: Uint8Array, epoch: bigint): Promise<EpochAccess | undefined> {
    return this.#connection.read(() => {
      const row = this.#connection.get(
        `SELECT e.epoch, e.access_key, e.ended_by_sequence
         FROM group_epoch e JOIN delivery_group g ON g.id = e.group_key WHERE g.group_id = ? AND e.epoch = ?`,
        groupId,
        toInteger(epoch),
      );
      return row === undefined ? undefined : toEpochAccess(row);
    });
  }

  async appendCommit(commit: NewCommit): Promise<AppendOutcome> {
    requireOneWelcomePerDevice(commit);
    const entry = {
      ...commit,
      kind: 'commit',
      message: commit.commit,
      contentHash: commit.commitHash,
    } as const;
    return this.#append(entry, 0n, (head, sequence) => this.#endEpoch(head, sequence, commit));
  }

  async appendMessage(message: NewMessage): Promise<AppendOutcome> {
    const pastEpochs = message.kind === 'application' ? BigInt(message.maxPastEpochs) : 0n;
    const contentHash = createHash('sha256').update(message.message).digest();
    return this.#append({ ...message, contentHash }, pastEpochs, () => {});
  }

  async read(query: LogQuery): Promise<readonly LogEntry[]> {
    return this.#connection.read(() => {
      const rows = this.#connection.iterate(
        `SELECT l.sequence, l.kind, l.epoch, l.message
         FROM log_entry l JOIN delivery_group g ON g.id = l.group_key
         WHERE g.group_id = ? AND l.sequence > ? AND l.sequence <= ? ORDER BY l.sequence LIMIT ?`,
        query.groupId,
        toInteger(query.afterSequence),
        toInteger(query.upToSequence ?? 2n ** 64n - 1n),
        query.limit,
      );
      return takePage(rows, query.maxBytes, toLogEntry, (entry) => entry.message.length);
    });
  }

  async groupInfo(groupId: Uint8Array): Promise<StoredGroupInfo | undefined> {
    return this.#connection.read(() => {
      const row = this.#connection.get(
        `SELECT i.epoch, i.group_info, i.ratchet_tree
         FROM group_info i JOIN delivery_group g ON g.id = i.group_key WHERE g.group_id = ?`,
        groupId,
      );
      if (row === undefined) return undefined;
      return {
        epoch: integer(row, 'epoch'),
        groupInfo: bytes(row, 'group_info'),
        ratchetTree: optionalBytes(row, 'ratchet_tree'),
      };
    });
  }

  async pendingOutbox(limit: number): Promise<readonly OutboxEntry[]> {
    return this.#outbox.pending(limit);
  }

  async completeOutbox(delivered: readonly OutboxKey[]): Promise<void> {
    this.#outbox.complete(delivered);
  }

  onAppend(groupId: Uint8Array, listener: WakeUp): Unsubscribe {
    return this.#wakeUps.on(topic(groupId), listener);
  }

  #append(
    entry: NewEntry,
    pastEpochs: bigint,
    effect: (head: Head, sequence: bigint) => void,
  ): AppendOutcome {
    const answer = this.#connection.write((): AppendOutcome => {
      const head = this.#head(entry.groupId);
      if (head === undefined) return { outcome: 'unknownGroup' };
      const repeated = this.#repeated(head, entry);
      if (repeated !== undefined) return repeated;
      if (entry.epoch > head.epoch || head.epoch - entry.epoch > pastEpochs)
        return this.#conflict(head, entry.epoch);
      const sequence = head.lastSequence + 1n;
      this.#insert(head, sequence, entry);
      effect(head, sequence);
      return { outcome: 'accepted', sequence };
    });
    if (answer.outcome === 'accepted') this.#wakeUps.wake(topic(entry.groupId));
    return answer;
  }

  #head(groupId: Uint8Array): Head | undefined {
    const row = this.#connection.get(
      'SELECT id, cipher_suite, epoch, last_sequence FROM delivery_group WHERE group_id = ?',
      groupId,
    );
    if (row === undefined) return undefined;
    return {
      key: integer(row, 'id'),
      cipherSuite: smallInteger(row, 'cipher_suite'),
      epoch: integer(row, 'epoch'),
      lastSequence: integer(row, 'last_sequence'),
    };
  }

  #isSame(head: Head, group: NewGroup): boolean {
    const row = this.#connection.get(
      'SELECT access_key = ? AS same FROM group_epoch WHERE group_key = ? AND epoch = 0',
      group.accessKey,
      head.key,
    );
    return head.cipherSuite === group.cipherSuite && row?.['same'] === 1n;
  }

  #repeated(head: Head, entry: NewEntry): AppendOutcome | undefined {
    const row = this.#connection.get(
      `SELECT sequence, kind = ? AND epoch = ? AND content_hash = ? AS same
       FROM log_entry WHERE group_key = ? AND request_id = ?`,
      entry.kind,
      toInteger(entry.epoch),
      entry.contentHash,
      head.key,
      entry.requestId,
    );
    if (row === undefined) return undefined;
    if (integer(row, 'same') !== 1n) return { outcome: 'requestIdReused' };
    return { outcome: 'alreadyAccepted', sequence: integer(row, 'sequence') };
  }

  #conflict(head: Head, epoch: bigint): AppendOutcome {
    const row = this.#connection.get(
      `SELECT l.content_hash FROM group_epoch e
       JOIN log_entry l ON l.group_key = e.group_key AND l.sequence = e.ended_by_sequence
       WHERE e.group_key = ? AND e.epoch = ?`,
      head.key,
      toInteger(epoch),
    );
    const winningCommitHash = row === undefined ? undefined : bytes(row, 'content_hash');
    return { outcome: 'conflict', currentEpoch: head.epoch, winningCommitHash };
  }

  #insert(head: Head, sequence: bigint, entry: NewEntry): void {
    this.#connection.run(
      `INSERT INTO log_entry (group_key, sequence, kind, epoch, request_id, content_hash, message)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      head.key,
      sequence,
      entry.kind,
      entry.epoch,
      entry.requestId,
      entry.contentHash,
      entry.message,
    );
    this.#connection.run('UPDATE delivery_group SET last_sequence = ? WHERE id = ?', sequence, head.key);
  }

  #endEpoch(head: Head, sequence: bigint, commit: NewCommit): void {
    const next = head.epoch + 1n;
    this.#connection.run('UPDATE delivery_group SET epoch = ? WHERE id = ?', next, head.key);
    this.#connection.run(
      'UPDATE group_epoch SET ended_by_sequence = ? WHERE group_key = ? AND epoch = ?',
      sequence,
      head.key,
      head.epoch,
    );
    this.#connection.run(
      'INSERT INTO group_epoch (group_key, epoch, access_key) VALUES (?, ?, ?)',
      head.key,
      next,
      commit.nextAccessKey,
    );
    this.#connection.run(
      'INSERT OR REPLACE INTO group_info (group_key, epoch, group_info, ratchet_tree) VALUES (?, ?, ?, ?)',
      head.key,
      next,
      commit.groupInfo,
      commit.ratchetTree ?? null,
    );
    this.#outbox.put(head.key, sequence, commit.welcomes);
  }
}

function requireOneWelcomePerDevice(commit: NewCommit): void {
  if (new Set(commit.welcomes.map(({ device }) => device)).size < commit.welcomes.length)
    throw new RangeError('two Welcomes for one device');
}

function topic(groupId: Uint8Array): string {
  return Buffer.from(groupId).toString('hex');
}

function toEpochAccess(row: Row): EpochAccess {
  return {
    epoch: integer(row, 'epoch'),
    accessKey: bytes(row, 'access_key'),
    endedBySequence: optionalInteger(row, 'ended_by_sequence'),
  };
}

function toLogEntry(row: Row): LogEntry {
  return {
    sequence: integer(row, 'sequence'),
    kind: toKind(text(row, 'kind')),
    epoch: integer(row, 'epoch'),
    message: bytes(row, 'message'),
  };
}

function toKind(kind: string): LogEntry['kind'] {
  if (kind === 'commit' || kind === 'proposal' || kind === 'application') return kind;
  throw new StorageError('CORRUPT', 'column kind: expected a kind of entry');
}
