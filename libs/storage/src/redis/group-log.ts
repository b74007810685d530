/**
 * The group log on Redis.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
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
  RestoreOutcome,
  Restoration,
  Retention,
  StoredGroupInfo,
  TicketOutcome,
  TreeChunk,
  TreeChunkQuery,
} from '../group-log.ts';
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import { AppendQueue } from './append-queue.ts';
import type { RedisConnection } from './connection.ts';
import { toEpochAccess, toFacts } from './epoch-record.ts';
import { groupChannel, groupKeys, logKeys } from './group-keys.ts';
import { GroupPruning } from './group-pruning.ts';
import { toAppendOutcome, toKindLetter, toLogEntry, toMark, toWord } from './group-replies.ts';
import { RedisOutbox, toWelcomeArguments } from './outbox.ts';
import { toBigInt, toBytes, toList, toRows, toText } from './reply.ts';
import { loadScript } from './script.ts';
import type { Argument, Script } from './script.ts';
import { cutChunk, partsOf, toTreeArguments, toTreeReference } from './tree-parts.ts';

const CREATE = loadScript('create-group', 'group');
const FIND_EPOCHS = loadScript('find-epochs', 'group');
const APPEND_COMMIT = loadScript('append-commit', 'group');
const APPEND_MESSAGES = loadScript('append-messages', 'group');
const READ = loadScript('read-log', 'group');
const READ_GROUP_INFO = loadScript('read-group-info', 'group');
const READ_TREE = loadScript('read-tree', 'group');
const ADD_TICKET = loadScript('add-ticket', 'group');
const HAS_TICKET = loadScript('has-ticket', 'group');
const QUARANTINE = loadScript('quarantine', 'group');
const RESTORE = loadScript('restore', 'group');

/** No group lives long enough for larger numbers, and scripts count exactly up to here. */
const LARGEST_SEQUENCE = 2n ** 53n - 1n;

/** Logs of groups on one Redis or on a cluster. */
export class RedisGroupLog implements GroupLog {
  readonly #connection: RedisConnection;
  readonly #recentEpochs: number;
  readonly #outbox: RedisOutbox;
  readonly #pruning: GroupPruning;
  readonly #appends: AppendQueue;

  constructor(connection: RedisConnection, recentEpochs: number, outbox = new RedisOutbox(connection)) {
    this.#connection = connection;
    this.#recentEpochs = recentEpochs;
    this.#outbox = outbox;
    this.#pruning = new GroupPruning(connection);
    this.#appends = new AppendQueue((messages) => this.#appendBatch(messages));
  }

  async createGroup(group: NewGroup): Promise<CreateGroupOutcome> {
    const { groupId, cipherSuite, accessKey, groupInfo, ratchetTree, nowMs } = group;
    await this.#pruning.enlist(groupId);
    const tree = toTreeArguments(
      ratchetTree === undefined ? undefined : { tree: ratchetTree, kept: false, nowMs },
    );
    const reply = await this.#run(CREATE, groupId, [
      String(cipherSuite),
      accessKey,
      groupInfo ?? '',
      tree.record,
      ...tree.parts,
    ]);
    return { outcome: toWord(reply, ['created', 'same', 'exists']) };
  }

  async findGroup(groupId: Uint8Array): Promise<GroupSummary | undefined> {
    const reply = await this.#runOnLog(FIND_EPOCHS, groupId, ['', String(this.#recentEpochs + 1)]);
    if (reply === null) return undefined;
    const [suite, epoch, last, lostEpoch, lostSequence, ...epochs] = toList(reply);
    return {
      cipherSuite: Number(toBigInt(suite)),
      epoch: toBigInt(epoch),
      lastSequence: toBigInt(last),
      accessKeys: toRows(epochs, 4).map(toEpochAccess),
      quarantinedUntil: toText(lostEpoch) === '' ? undefined : toMark(lostEpoch, lostSequence),
    };
  }

  async findEpoch(groupId: Uint8Array, epoch: bigint): Promise<EpochAccess | undefined> {
    const reply = await this.#runOnLog(FIND_EPOCHS, groupId, [String(epoch), '1']);
    if (reply === null) return undefined;
    const [found] = toRows(toList(reply).slice(5), 4);
    return found === undefined ? undefined : toEpochAccess(found);
  }

  async appendCommit(commit: NewCommit): Promise<AppendOutcome> {
    requireOneWelcomePerDevice(commit);
    const { groupId, epoch, requestId, welcomes, ratchetTree, receipt } = commit;
    const nowMs = receipt.acceptedAtMs;
    const deadline = welcomes.length === 0 ? '' : await this.#outbox.enlist(groupId);
    const tree = toTreeArguments(
      ratchetTree === undefined ? undefined : { tree: ratchetTree, kept: welcomes.length > 0, nowMs },
    );
    const reply = await this.#run(APPEND_COMMIT, groupId, [
      String(epoch),
      requestId,
      commit.commit,
      toFacts(commit.commitHash, receipt),
      commit.nextAccessKey,
      commit.groupInfo,
      toTime(nowMs),
      commit.ticketHash ?? '',
      commit.revokesTickets === true ? '1' : '',
      deadline,
      commit.commitHash,
      tree.record,
      String(tree.parts.length),
      ...tree.parts,
      ...toWelcomeArguments(commit),
    ]);
    return toAppendOutcome(reply);
  }

  appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    return Promise.all(messages.map((message) => this.#appends.add(message)));
  }

  async read(query: LogQuery): Promise<readonly LogEntry[]> {
    const { groupId, afterSequence, limit, maxBytes, upToSequence } = query;
    if (limit <= 0 || afterSequence >= LARGEST_SEQUENCE) return [];
    const last = upToSequence === undefined || upToSequence > LARGEST_SEQUENCE ? '+' : String(upToSequence);
    const reply = await this.#runOnLog(READ, groupId, [
      String(afterSequence + 1n),
      last,
      String(limit),
      String(maxBytes),
    ]);
    return toList(reply).map((entry) => toLogEntry(toList(entry)));
  }

  async groupInfo(groupId: Uint8Array): Promise<StoredGroupInfo | undefined> {
    const reply = await this.#run(READ_GROUP_INFO, groupId, []);
    if (reply === null) return undefined;
    const [epoch, groupInfo, tree] = toList(reply);
    return { epoch: toBigInt(epoch), groupInfo: toBytes(groupInfo), tree: toTreeReference(tree) };
  }

  async readTree(query: TreeChunkQuery): Promise<TreeChunk | undefined> {
    const { first, last } = partsOf(query);
    const range = [String(query.epoch), String(first), String(last)];
    const reply = await this.#run(READ_TREE, query.groupId, range);
    if (reply === null) return undefined;
    const [record, ...parts] = toList(reply);
    const tree = toTreeReference(record);
    if (tree === undefined) throw new StorageError('CORRUPT', 'a tree without a reference');
    return { tree, bytes: cutChunk(parts.map(toBytes), query) };
  }

  async addTicket(ticket: NewTicket): Promise<TicketOutcome> {
    const { groupId, tokenHash, epoch, expiresAtMs, nowMs, maxTickets } = ticket;
    const limits = [toTime(expiresAtMs), toTime(nowMs), String(maxTickets), String(epoch)];
    const reply = await this.#run(ADD_TICKET, groupId, [tokenHash, ...limits]);
    return { outcome: toWord(reply, ['added', 'same', 'used', 'full', 'epochOver', 'unknownGroup']) };
  }

  async hasTicket(groupId: Uint8Array, tokenHash: Uint8Array, nowMs: number): Promise<boolean> {
    return (await this.#run(HAS_TICKET, groupId, [tokenHash, toTime(nowMs)])) === 1;
  }

  async quarantine(
    groupId: Uint8Array,
    until: LogMark,
  ): Promise<{ readonly outcome: 'quarantined' | 'notBehind' | 'unknownGroup' }> {
    const reply = await this.#runOnLog(QUARANTINE, groupId, [String(until.epoch), String(until.sequence)]);
    return { outcome: toWord(reply, ['quarantined', 'notBehind', 'unknownGroup']) };
  }

  async restore(restoration: Restoration): Promise<RestoreOutcome> {
    const { groupId, epoch, ended, commit, groupInfo, ratchetTree, messages, nowMs } = restoration;
    const tree = toTreeArguments(
      ratchetTree === undefined ? undefined : { tree: ratchetTree, kept: false, nowMs },
    );
    const reply = await this.#run(RESTORE, groupId, [
      String(epoch),
      String(ended.sequence),
      toFacts(ended.commitHash, ended),
      ended.commitHash,
      ended.nextAccessKey,
      commit,
      groupInfo,
      toTime(nowMs),
      tree.record,
      String(tree.parts.length),
      ...tree.parts,
      ...messages.flatMap((lost) => [
        String(lost.sequence),
        String(lost.epoch),
        toKindLetter(lost.kind),
        lost.message,
      ]),
    ]);
    return { outcome: toWord(reply, ['restored', 'alreadyThere', 'contradicts', 'gap', 'unknownGroup']) };
  }

  prune(retention: Retention): Promise<number> {
    return this.#pruning.prune(retention);
  }

  pendingOutbox(limit: number): AsyncIterable<readonly OutboxEntry[]> {
    return this.#outbox.pending(limit);
  }

  completeOutbox(delivered: readonly OutboxKey[]): Promise<void> {
    return this.#outbox.complete(delivered);
  }

  onAppend(groupId: Uint8Array, listener: WakeUp): Unsubscribe {
    return this.#connection.onPublish(groupChannel(groupId), listener);
  }

  async #appendBatch(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    const [first] = messages;
    if (first === undefined) return [];
    const reply = await this.#runOnLog(APPEND_MESSAGES, first.groupId, messages.flatMap(toMessageArguments));
    if (!Array.isArray(reply)) return messages.map(() => toAppendOutcome(reply));
    return reply.map(toAppendOutcome);
  }

  /** Runs a step that needs no more than the log itself. */
  #runOnLog(script: Script, groupId: Uint8Array, args: readonly Argument[]): Promise<unknown> {
    return this.#connection.run(script, { keys: logKeys(groupId), arguments: args });
  }

  #run(script: Script, groupId: Uint8Array, args: readonly Argument[]): Promise<unknown> {
    return this.#connection.run(script, { keys: groupKeys(groupId), arguments: args });
  }
}

function toMessageArguments(message: NewMessage): readonly Argument[] {
  const late = message.kind === 'application' ? message.maxPastEpochs : 0;
  return [
    String(message.epoch),
    message.requestId,
    toKindLetter(message.kind),
    message.message,
    String(late),
    toTime(message.nowMs),
  ];
}

/** Milliseconds without a fraction. */
function toTime(ms: number): string {
  return String(Math.trunc(ms));
}
