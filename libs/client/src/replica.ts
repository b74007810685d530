/**
 * A group as this device has it: exactly what the log says up to a cursor, in memory and in the state file alike.
 *
 * Every entry is one transaction: what it changes, the cursor, and the event that the application gets. Own commits and
 * messages take effect when they come back in the log, so that there is one order for everybody.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { encodeMessage, encodeStagedCommit, Group, type StagedCommit } from '@canopy/mls';
import { randomBytes } from '@canopy/crypto';
import type { ClientEvent, MembershipChange } from './client-event.ts';
import { ClientError } from './errors.ts';
import { Lane } from './lane.ts';
import { openEntry, type OpenedEntry } from './open-entry.ts';
import { changeOf } from './members.ts';
import { restorePending, type PendingCommit } from './pending-commit.ts';
import { stageCommit, type CommitPlan } from './stage-commit.ts';
import type { ConversationStatus, StoredConversation } from './store/conversation-store.ts';
import type { OutgoingMessage } from './store/outgoing-store.ts';
import type { Surroundings } from './surroundings.ts';

/** A group as this device has it. */
export class Replica {
  readonly id: string;
  readonly #around: Surroundings;
  readonly #lane = new Lane();
  readonly #joinedEpoch: bigint;
  #group: Group;
  #cursor: bigint;
  #status: ConversationStatus;
  #pending: PendingCommit | undefined;

  constructor(stored: StoredConversation, around: Surroundings) {
    this.id = stored.id;
    this.#around = around;
    this.#joinedEpoch = stored.joinedEpoch;
    this.#cursor = stored.cursor;
    this.#status = stored.status;
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

  get status(): ConversationStatus {
    return this.#status;
  }

  get pending(): PendingCommit | undefined {
    return this.#pending;
  }

  /** Whether the group is not over for this device, though it may not have begun. */
  get isOngoing(): boolean {
    return this.#status !== 'ended';
  }

  /** Whether the device is a member that can read and send. */
  get isActive(): boolean {
    return this.#status === 'active' && this.#group.state.status.kind === 'active';
  }

  /** Requires that the device is a member that can read and send. @throws {ClientError} CONVERSATION_ENDED */
  requireActive(): void {
    if (!this.isActive) throw new ClientError('CONVERSATION_ENDED', 'this device is not a member any more');
  }

  /**
   * Processes entries of the log in their order; those that were processed before are passed over. Says whether there was
   * nothing missing before any of them.
   */
  receive(entries: readonly delivery.LogEntry[]): Promise<boolean> {
    return this.#lane.run(async () => {
      for (const entry of entries) {
        if (this.#status === 'ended') return true;
        if (entry.sequence > this.#cursor + 1n) return false;
        if (entry.sequence > this.#cursor) await this.#receiveOne(entry);
      }
      return true;
    });
  }

  /** Makes and saves a commit, unless the plan finds nothing to do. @throws {ClientError} CONVERSATION_ENDED */
  stage(plan: CommitPlan): Promise<PendingCommit | undefined> {
    return this.#lane.run(async () => {
      this.requireActive();
      if (this.#pending !== undefined) throw new ClientError('MISUSE', 'a commit of this group is under way');
      const made = await stageCommit(this.#group, plan, this.#around.options);
      if (made === undefined) return undefined;
      this.#around.beforeStep('commit:staged');
      const pending: PendingCommit = { ...made, fate: { outcome: 'open' } };
      this.#durably(() => this.#saveStaged(pending));
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

  /** Encrypts data in the current epoch and saves ratchet and message in one step. @throws {ClientError} CONVERSATION_ENDED */
  encrypt<T>(data: Uint8Array, save: (message: OutgoingMessage) => T): Promise<T> {
    return this.#lane.run(async () => {
      this.requireActive();
      const message = this.#protect(data);
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

  /** Waits for what is under way. */
  settled(): Promise<void> {
    return this.#lane.settled();
  }

  async #receiveOne(entry: delivery.LogEntry): Promise<void> {
    const opened = await openEntry(entry, {
      group: this.#group,
      pending: this.#pending,
      joinedEpoch: this.#joinedEpoch,
    });
    this.#durably(() => {
      this.#around.beforeStep('entry:processed');
      this.#apply(opened, entry.sequence);
      this.#saveChanges();
      this.#around.store.conversations.moveCursor(this.id, entry.sequence);
    });
    this.#cursor = entry.sequence;
    if (opened.kind === 'ownCommit') this.#settlePending('adopted');
    if (opened.kind === 'commit') this.#losePending();
    this.#around.newEvents.ring();
    this.#around.beforeStep('entry:saved');
  }

  /** Changes the group and its rows by what an entry holds, inside of the entry's transaction. */
  #apply(opened: OpenedEntry, sequence: bigint): void {
    switch (opened.kind) {
      case 'nothing':
      case 'proposal':
        return;
      case 'message':
        return this.#tell({
          kind: 'message',
          conversation: this.id,
          from: opened.from,
          data: opened.data,
          sequence,
        });
      case 'commit':
        return this.#keep(opened.staged);
      case 'ownCommit':
        this.#group.keep(opened.pending.staged);
        return this.#enterEpoch(opened.pending.change);
      case 'unreadable':
        this.#around.log({ event: 'entry-refused', conversation: this.id, code: opened.code });
        return this.#tell({ kind: 'unreadable', conversation: this.id, sequence, code: opened.code });
    }
  }

  #keep(staged: StagedCommit): void {
    const change = changeOf(staged);
    this.#group.keep(staged);
    if (staged.effects.selfRemoved) this.#end(change.by);
    else this.#enterEpoch(change);
  }

  #enterEpoch(change: MembershipChange): void {
    this.#around.store.conversations.deletePendingCommit(this.id);
    const { epoch } = this.#group;
    this.#tell({ kind: 'members', conversation: this.id, epoch, ...change });
  }

  #end(by: string): void {
    const { conversations, outgoing } = this.#around.store;
    conversations.deletePendingCommit(this.id);
    conversations.setStatus(this.id, 'ended');
    outgoing.deleteAll(this.id);
    this.#status = 'ended';
    this.#tell({ kind: 'removed', conversation: this.id, by });
  }

  #tell(event: ClientEvent): void {
    this.#around.store.events.add(event);
  }

  #saveStaged({ bundle, change, staged }: PendingCommit): void {
    const stored = { bundle, change: JSON.stringify(change), staged: encodeStagedCommit(staged) };
    this.#around.store.conversations.savePendingCommit(this.id, stored);
    // The commit has used a generation of the handshake ratchet, whatever becomes of it.
    this.#saveChanges();
  }

  #saveChanges(): void {
    this.#around.store.conversations.saveRecords(this.id, this.#group.takeChanges());
  }

  #protect(data: Uint8Array): OutgoingMessage {
    const { epoch } = this.#group;
    const message = this.#group.protect({ applicationData: data, authenticatedData: new Uint8Array(0) });
    return { requestId: randomBytes(16), epoch, message: encodeMessage(message) };
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
    return Group.restore(this.#around.store.conversations.records(this.id), this.#around.options);
  }

  #restorePending(): void {
    const stored = this.#around.store.conversations.pendingCommit(this.id);
    const fate = this.#pending?.fate ?? { outcome: 'open' };
    this.#pending = stored && restorePending(stored, this.#group, fate);
  }
}
