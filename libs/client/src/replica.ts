/**
 * A group as this device has it: exactly what the log says up to a cursor, in memory and in the state file alike.
 *
 * Every entry is one transaction: what it changes, the cursor, and the event that the application gets. Own commits and
 * messages take effect when they come back in the log, so that there is one order for everybody.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { Group, type GroupOptions } from '@canopy/mls';
import { accuse, applyEntry, endConversation } from './apply-entry.ts';
import { ClientError } from './errors.ts';
import { SERVICE_LIED } from './faults.ts';
import { requireNoIntruder } from './intruders.ts';
import { Lane } from './lane.ts';
import { restorePending, toStored, type PendingCommit } from './pending-commit.ts';
import { protectData } from './protect-data.ts';
import { judgeEntry, judgePassed } from './process-entry.ts';
import { stageCommit, type CommitPlan } from './stage-commit.ts';
import type { ConversationStatus, StoredConversation } from './store/conversation-store.ts';
import type { OutgoingMessage } from './store/outgoing-store.ts';
import type { Surroundings } from './surroundings.ts';
import { withTickets } from './tickets.ts';

/**
 * What entries were to a replica: the next ones, or known ones; with something missing before one of them; or other than
 * those that it has seen under the same numbers.
 */
export type Reception = 'whole' | 'gap' | 'contradiction';

/** A group as this device has it. */
export class Replica {
  readonly id: string;
  /** What the group is given from outside. */
  readonly options: GroupOptions;
  readonly #around: Surroundings;
  readonly #lane = new Lane();
  #joinedEpoch: bigint;
  #group: Group;
  #cursor: bigint;
  #status: ConversationStatus;
  #fault: string | undefined;
  #pending: PendingCommit | undefined;

  constructor(stored: StoredConversation, around: Surroundings) {
    this.id = stored.id;
    this.options = withTickets(around.options, around.store.tickets, stored.id);
    this.#around = around;
    this.#joinedEpoch = stored.joinedEpoch;
    this.#cursor = stored.cursor;
    this.#status = stored.status;
    this.#fault = around.store.recoveries.find(stored.id).fault;
    this.#group = this.#restoreGroup();
    this.#restorePending();
  }

  /** The group in its current epoch; to be read, not to be changed. */
  get group(): Group {
    return this.#group;
  }

  /** The last entry of the log that was processed. */
  get cursor(): bigint {
    return this.#cursor;
  }

  /** After which entry to read on so that the last known one comes again, and shows that the log is still the same. */
  get overlap(): bigint {
    const isKept = this.#around.store.recentEntries.find(this.id, this.#cursor) !== undefined;
    return isKept ? this.#cursor - 1n : this.#cursor;
  }

  get status(): ConversationStatus {
    return this.#status;
  }

  get pending(): PendingCommit | undefined {
    return this.#pending;
  }

  /** Why the log cannot be followed until the device has come in again; undefined when it can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Whether the group is not over for this device, though it may not have begun. */
  get isOngoing(): boolean {
    return this.#status !== 'ended';
  }

  /** Whether the device is a member that can read and send, though it may have to come in again first. */
  get isActive(): boolean {
    return this.#status === 'active' && this.#group.state.status.kind === 'active';
  }

  /** Requires that the device is a member that can read and send. @throws {ClientError} CONVERSATION_ENDED, CONVERSATION_STUCK */
  requireActive(): void {
    if (!this.isActive) throw new ClientError('CONVERSATION_ENDED', 'this device is not a member any more');
    const reason = this.#fault;
    if (reason !== undefined) {
      throw new ClientError('CONVERSATION_STUCK', 'this device cannot follow the group', { reason });
    }
  }

  /** Processes entries of the log in their order; those that were processed before are passed over. */
  receive(entries: readonly delivery.LogEntry[]): Promise<Reception> {
    return this.#lane.run(async () => {
      for (const entry of entries) {
        if (this.#status === 'ended' || this.#fault !== undefined) return 'whole';
        if (entry.sequence > this.#cursor + 1n) return 'gap';
        if (entry.sequence > this.#cursor) await this.#receiveOne(entry);
        else if (await this.#contradicts(entry)) return 'contradiction';
      }
      return 'whole';
    });
  }

  /** Makes and saves a commit, unless the plan finds nothing to do. @throws {ClientError} like `requireActive` */
  stage(plan: CommitPlan): Promise<PendingCommit | undefined> {
    return this.#lane.run(async () => {
      this.requireActive();
      if (this.#pending !== undefined) throw new ClientError('MISUSE', 'a commit of this group is under way');
      const base = { group: this.#group, knownSequence: this.#cursor, options: this.options };
      const made = await stageCommit(base, plan);
      if (made === undefined) return undefined;
      this.#around.beforeStep('commit:staged');
      const pending: PendingCommit = { ...made, fate: { outcome: 'open' } };
      this.#durably(() => {
        this.#around.store.conversations.savePendingCommit(this.id, toStored(pending));
        // The commit has used a generation of the handshake ratchet, whatever becomes of it.
        this.#saveChanges();
      });
      this.#pending = pending;
      this.#around.beforeStep('commit:saved');
      return pending;
    });
  }

  /** Forgets a commit that can never be accepted. */
  abandon(pending: PendingCommit): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#pending !== pending) return;
      this.#durably(() => this.#around.store.conversations.deletePendingCommit(this.id));
      this.#losePending();
    });
  }

  /** Encrypts application data and saves ratchet and message in one step. @throws {ClientError} like `requireActive` */
  encrypt<T>(applicationData: Uint8Array, save: (message: OutgoingMessage) => T): Promise<T> {
    return this.#lane.run(async () => {
      this.requireActive();
      requireNoIntruder(this, this.#around.store);
      const message = protectData(this.#group, applicationData);
      this.#around.beforeStep('send:encrypted');
      const saved = this.#durably(() => {
        this.#saveChanges();
        return save(message);
      });
      this.#around.beforeStep('send:saved');
      return saved;
    });
  }

  /** Remembers that the Delivery Service has opened the group's log. */
  opened(): void {
    this.#around.store.conversations.setStatus(this.id, 'active');
    this.#status = 'active';
  }

  /** Says that the log cannot be followed any more, and why. */
  fail(fault: string): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#fault !== undefined || this.#status === 'ended') return;
      this.#durably(() => {
        this.#around.store.conversations.deletePendingCommit(this.id);
        this.#around.store.recoveries.saveFault(this.id, fault);
      });
      this.#fault = fault;
      this.#losePending();
    });
  }

  /** Takes back what the log has lost after an entry: other entries will have those numbers, or the same ones again. */
  rewind(sequence: bigint): Promise<void> {
    return this.#lane.run(async () => {
      if (sequence >= this.#cursor) return;
      this.#durably(() => {
        this.#around.store.recentEntries.unnumber(this.id, sequence);
        this.#around.store.conversations.moveCursor(this.id, sequence);
      });
      this.#cursor = sequence;
    });
  }

  /** Writes down two receipts that cannot both be true, and goes on no more. */
  accuse(receipts: readonly [string, string]): Promise<void> {
    return this.#lane.run(async () => this.#accuse(receipts));
  }

  /** Takes the group that was joined again in the place of the one that could not go on; `save` runs in the same step. */
  replace(group: Group, entry: delivery.LogEntry, save: () => void): Promise<void> {
    return this.#lane.run(async () => {
      const { conversations, recentEntries } = this.#around.store;
      const { id } = this;
      this.#durably(() => {
        const place = { id, status: 'active', cursor: entry.sequence, joinedEpoch: group.epoch } as const;
        conversations.create(place, group.takeChanges());
        recentEntries.deleteAll(id);
        recentEntries.save(id, entry);
        save();
      });
      this.#group = group;
      this.#cursor = entry.sequence;
      this.#joinedEpoch = group.epoch;
      this.#fault = undefined;
      this.#around.newEvents.ring();
    });
  }

  /** Writes down that this device is not in the group any more. */
  end(by: string): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#status === 'ended') return;
      this.#durably(() => endConversation(this.id, by, this.#around.store));
      this.#status = 'ended';
      this.#losePending();
      this.#around.newEvents.ring();
    });
  }

  /** Waits for what is under way. */
  settled(): Promise<void> {
    return this.#lane.settled();
  }

  async #receiveOne(entry: delivery.LogEntry): Promise<void> {
    const [group, pending, joinedEpoch] = [this.#group, this.#pending, this.#joinedEpoch];
    const judged = await judgeEntry(entry, this.id, { group, pending, joinedEpoch }, this.#around);
    const course = this.#durably(() => {
      this.#around.beforeStep('entry:processed');
      const after = applyEntry(judged, { id: this.id, group, entry }, this.#around);
      this.#saveChanges();
      return after;
    });
    const { kind } = judged.opened;
    if (kind !== 'lie') this.#cursor = entry.sequence;
    if (course === 'ended') this.#status = 'ended';
    if (typeof course === 'object') this.#fault = course.fault;
    if (kind === 'ownCommit') this.#settlePending('adopted');
    if (kind === 'commit' || typeof course === 'object') this.#losePending();
    this.#around.newEvents.ring();
    this.#around.beforeStep('entry:saved');
  }

  async #contradicts(entry: delivery.LogEntry): Promise<boolean> {
    const place = { conversation: this.id, groupId: this.#group.groupId };
    const passed = await judgePassed(entry, place, this.#around);
    if (typeof passed === 'object') this.#accuse(passed.receipts);
    return passed === 'contradiction';
  }

  #accuse(receipts: readonly [string, string]): void {
    this.#durably(() => accuse(receipts, this, this.#around));
    this.#fault = SERVICE_LIED;
    this.#losePending();
    this.#around.newEvents.ring();
  }

  #saveChanges(): void {
    this.#around.store.conversations.saveRecords(this.id, this.#group.takeChanges());
  }

  #losePending(): void {
    if (this.#pending !== undefined) this.#group.drop(this.#pending.staged);
    this.#settlePending('lost');
  }

  #settlePending(outcome: 'adopted' | 'lost'): void {
    if (this.#pending !== undefined) this.#pending.fate.outcome = outcome;
    this.#pending = undefined;
  }

  /** Runs a transaction; when it fails, memory goes back to what the file has. */
  #durably<T>(step: () => T): T {
    try {
      return this.#around.store.transaction(step);
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  #reload(): void {
    const stored = this.#around.store.conversations.find(this.id);
    if (stored === undefined)
      throw new ClientError('INVALID_STATE', 'the conversation is not in the state file');
    this.#group = this.#restoreGroup();
    this.#status = stored.status;
    this.#restorePending();
  }

  #restoreGroup(): Group {
    return Group.restore(this.#around.store.conversations.records(this.id), this.options);
  }

  #restorePending(): void {
    const stored = this.#around.store.conversations.pendingCommit(this.id);
    const fate = this.#pending?.fate ?? { outcome: 'open' };
    this.#pending = stored && restorePending(stored, this.#group, fate);
  }
}
