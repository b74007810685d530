/**
 * Hands in again what a log has lost: commits under their receipts, then the messages after them (RFC 9420 §14).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { callUnary, delivery } from '@canopy/contract';
import { signEpochAccessProof, hashBody } from '@canopy/identity';
import { wipe } from '@canopy/crypto';
import { LOG_LOST } from './faults.ts';
import { accessKeyPairOf, proveMembership } from './group-proof.ts';
import { Lane } from './lane.ts';
import { groupInfoOf, treeOf } from './make-bundle.ts';
import { reasonWord } from './reason-word.ts';
import { catchUp } from './read-group.ts';
import type { Replica } from './replica.ts';
import { untilAnswered } from './service-calls.ts';
import type { StoredEpoch, StoredReceipt } from './store/receipt-store.ts';
import { submitMessageOnce } from './submissions.ts';
import type { Surroundings } from './surroundings.ts';

/** How the log stands to the newest receipt: the place up to which it is known to be whole, or that it cannot be followed. */
type Report = { readonly wholeUpTo: bigint; readonly hasLost: boolean } | 'over';

/** Members spread over so long for each of them before they hand in messages. */
const SPREAD_PER_MEMBER_MS = 20;
const MAX_SPREAD_MS = 5_000;
/** After so many messages the log is read again. */
const PAGE = 16;

/** Brings one log back to what its members have seen. */
export class Restoration {
  readonly #replica: Replica;
  readonly #around: Surroundings;
  /** One at a time: each goes back in the log, and takes what it finds there as its own to hand in. */
  readonly #lane = new Lane();
  #running: Promise<boolean> | undefined;

  constructor(replica: Replica, around: Surroundings) {
    this.#replica = replica;
    this.#around = around;
  }

  /** Shows the newest receipt, and hands in the commits that the log lacks; says whether it lacked any. @throws {ClientError} SERVICE_REFUSED, CLOSED */
  run(): Promise<boolean> {
    this.#running ??= this.#lane
      .run(() => this.#run())
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Does the same for a log that is known to have lost messages, or to have others in their places: they are handed in too. */
  runForMessages(): Promise<void> {
    return this.#lane.run(async () => {
      await this.#run();
      if (this.#canGoOn()) await this.#goBack(this.#lastCommit());
    });
  }

  /** Whether an earlier process has gone back in the log and not handed in everything. */
  get isUnfinished(): boolean {
    return this.#around.store.recentEntries.unnumbered(this.#replica.id).length > 0;
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#lane.settled();
  }

  async #run(): Promise<boolean> {
    if (!this.#canGoOn()) return false;
    const report = await this.#report();
    if (report === 'over' || !report.hasLost) return false;
    const wholeUpTo = await this.#handIn(report.wholeUpTo);
    if (!this.#canGoOn()) return true;
    await this.#goBack(wholeUpTo);
    return true;
  }

  #canGoOn(): boolean {
    return this.#replica.isActive && this.#replica.fault === undefined;
  }

  /** Up to the last commit that this device has, the receipts say that the log is whole. */
  #lastCommit(): bigint {
    const { receipts, recentEntries } = this.#around.store;
    const { id, cursor } = this.#replica;
    return receipts.newest(id)?.sequence ?? (recentEntries.oldest(id) ?? cursor + 1n) - 1n;
  }

  /** Reads again what comes after an entry, and sends again what is not there any more. */
  async #goBack(sequence: bigint): Promise<void> {
    const { beforeStep } = this.#around;
    await this.#replica.rewind(sequence);
    beforeStep('restore:rewound');
    await this.#sendLost();
  }

  async #sendLost(): Promise<void> {
    const { recentEntries } = this.#around.store;
    const { id } = this.#replica;
    await catchUp(this.#replica, this.#around);
    const lost = recentEntries.unnumbered(id);
    if (lost.length > 0) await this.#giveWay();
    for (const [index, entry] of lost.entries()) {
      // Others hand in the same messages: what they were faster with has its number again.
      if (index % PAGE === 0) await catchUp(this.#replica, this.#around);
      if (recentEntries.find(id, entry.sequence) !== undefined) await this.#sendAgain(entry);
    }
    await catchUp(this.#replica, this.#around);
    recentEntries.deleteUnnumbered(id);
  }

  /** All members may have found the loss at the same moment: mostly one of them hands in everything. */
  #giveWay(): Promise<void> {
    const { wait, random, signal } = this.#around;
    const members = this.#replica.group.state.tree.memberCount;
    return wait(random() * Math.min(members * SPREAD_PER_MEMBER_MS, MAX_SPREAD_MS), signal);
  }

  async #report(): Promise<Report> {
    const newest = this.#around.store.receipts.newest(this.#replica.id);
    if (newest === undefined) return { wholeUpTo: 0n, hasLost: false };
    const result = await this.#show(newest.jws);
    switch (result?.$case) {
      case 'quarantined':
        return { wholeUpTo: result.value.lastSequence, hasLost: true };
      case 'contradicted':
        await this.#replica.accuse([newest.jws, result.value.receipt]);
        return 'over';
      case 'lost':
        await this.#giveUp();
        return 'over';
      case 'invalid':
        this.#around.log({ event: 'receipt-denied', conversation: this.#replica.id });
        break;
      case 'known':
      case undefined:
    }
    return { wholeUpTo: newest.sequence, hasLost: false };
  }

  async #show(receipt: string): Promise<delivery.ReportReceiptResponse['result']> {
    const { tokens, stubs, signal } = this.#around;
    const { result } = await untilAnswered(signal, () =>
      tokens.call('delivery', (metadata) =>
        callUnary(stubs.delivery, 'reportReceipt', { receipt }, { metadata, signal }),
      ),
    );
    return result;
  }

  /** Hands in one lost commit after the other; gives where the log ends then. */
  async #handIn(lastSequence: bigint): Promise<bigint> {
    const { store, beforeStep } = this.#around;
    let end = lastSequence;
    for (const receipt of store.receipts.after(this.#replica.id, lastSequence)) {
      if (!(await this.#restore(receipt, end))) return end;
      beforeStep('restore:handed-in');
      end = receipt.sequence;
    }
    return end;
  }

  async #restore(receipt: StoredReceipt, end: bigint): Promise<boolean> {
    const { store } = this.#around;
    const { id, group } = this.#replica;
    const began = receipt.epoch + 1n;
    const epoch = began === group.epoch ? this.#currentEpoch() : store.receipts.findEpoch(id, began);
    const entries = store.recentEntries.after(id, end).filter(({ sequence }) => sequence <= receipt.sequence);
    if (epoch === undefined || entries.at(-1)?.sequence !== receipt.sequence) return false;
    const result = await this.#offer(epoch, began, entries);
    if (result?.$case === 'restored') return true;
    await this.#hearRefusal(result?.value.reason);
    return false;
  }

  async #hearRefusal(reason: delivery.RestoreRefusalReason | undefined): Promise<void> {
    const code = reasonWord(reason ?? '', 'RESTORE_REFUSAL_REASON_');
    this.#around.log({ event: 'restore-refused', conversation: this.#replica.id, code });
    if (reason === delivery.RestoreRefusalReason.CONTRADICTED) await this.#giveUp();
  }

  /** The others go on with a log that this device cannot follow: only they can bring it back. */
  async #giveUp(): Promise<void> {
    const { store, newEvents } = this.#around;
    await this.#replica.fail(LOG_LOST);
    store.events.add({ kind: 'stuck', conversation: this.#replica.id, code: LOG_LOST });
    newEvents.ring();
  }

  #currentEpoch(): StoredEpoch {
    const { group } = this.#replica;
    const { privateKey: accessPrivateKey } = accessKeyPairOf(group);
    return { groupInfo: groupInfoOf(group), ratchetTree: treeOf(group), accessPrivateKey };
  }

  async #offer(
    { groupInfo, ratchetTree, accessPrivateKey }: StoredEpoch,
    epoch: bigint,
    entries: readonly delivery.LogEntry[],
  ): Promise<delivery.RestoreEntriesResponse['result']> {
    const { tokens, stubs, signal, nowMs } = this.#around;
    const { groupId } = this.#replica.group;
    const body = delivery.LostEntries.encode({
      groupId,
      entries: [...entries],
      groupInfo,
      ratchetTree,
    }).finish();
    const { result } = await untilAnswered(signal, () => {
      const timeUnixMs = BigInt(nowMs());
      const claim = { method: 'RestoreEntries', groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
      const proof = { epoch, timeUnixMs, signature: signEpochAccessProof(accessPrivateKey, claim) };
      return tokens.call('delivery', (metadata) =>
        callUnary(stubs.delivery, 'restoreEntries', { entries: body, proof }, { metadata, signal }),
      );
    });
    wipe(accessPrivateKey);
    return result;
  }

  /**
   * Appends a lost message again. All members who have it do the same under the same request id, so it comes once; what is
   * too old by now stays lost.
   */
  async #sendAgain({ kind, epoch, mlsMessage }: delivery.LogEntry): Promise<void> {
    if (kind === delivery.LogEntryKind.COMMIT) return;
    const { group, cursor: knownSequence } = this.#replica;
    const { groupId } = group;
    const requestId = createHash('sha256')
      .update('canopy restored message')
      .update(mlsMessage)
      .digest()
      .subarray(0, 16);
    const body = delivery.GroupMessage.encode({
      groupId,
      epoch,
      requestId,
      mlsMessage,
      knownSequence,
    }).finish();
    const proof = proveMembership(group, 'SendMessage', body, this.#around.nowMs());
    await submitMessageOnce({ message: body, proof }, this.#around);
  }
}
