/**
 * Comes back into a group that this device cannot follow any more: by an external Commit on the stored GroupInfo, after a
 * random delay, a bounded number of times (RFC 9420 §12.4.3.2; RFC 9750 §5.3).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { decodeState, Group } from '@canopy/mls';
import { ClientError } from './errors.ts';
import { LOG_LOST, SERVICE_LIED } from './faults.ts';
import { proveMembership } from './group-proof.ts';
import { forgetGone } from './intruders.ts';
import { leafOfDevice, membersOf } from './members.ts';
import { codeOfRefusal } from './open-entry.ts';
import { checkReceiptOf } from './process-entry.ts';
import { reasonWord } from './reason-word.ts';
import type { Replica } from './replica.ts';
import { stageRejoin } from './stage-rejoin.ts';
import type { StoredRejoin } from './store/recovery-store.ts';
import { submitCommit, type CommitResult } from './submissions.ts';
import type { Surroundings } from './surroundings.ts';

/** How often one series of attempts tries. */
const MAX_ATTEMPTS = 8;
/** All members may have lost their way at the same commit: they spread over so long for each of them. */
const SPREAD_PER_MEMBER_MS = 20;
const MAX_SPREAD_MS = 5_000;
/** Whoever had to come back often lately waits longer, doubling from here. */
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 60_000;
/** For how long a recovery counts. */
const LATELY_MS = 3_600_000;

function nothing(): Promise<boolean> {
  return Promise.resolve(false);
}

/** What became of one attempt: over for good or for now, or why it has to be made again. */
type Attempt = 'over' | { readonly code: string };

/** The way back into one group. */
export class Recovery {
  readonly #replica: Replica;
  readonly #around: Surroundings;
  #running: Promise<void> | undefined;

  constructor(replica: Replica, around: Surroundings) {
    this.#replica = replica;
    this.#around = around;
  }

  /** Comes back, if the group has a fault; resolves when it is well, over, or given up with a `stuck` event. @throws {ClientError} CLOSED */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #run(): Promise<void> {
    const { id } = this.#replica;
    for (let attempt = 0; this.#isNeeded(); attempt += 1) {
      const result = await this.#attempt(attempt);
      if (result === 'over') return;
      const { code } = result;
      this.#around.log({ event: 'rejoin-failed', conversation: id, code });
      if (attempt + 1 < MAX_ATTEMPTS) continue;
      this.#around.store.events.add({ kind: 'stuck', conversation: id, code });
      this.#around.newEvents.ring();
      return;
    }
  }

  #isNeeded(): boolean {
    const { isActive, fault } = this.#replica;
    return isActive && fault !== undefined && fault !== SERVICE_LIED && fault !== LOG_LOST;
  }

  async #attempt(attempt: number): Promise<Attempt> {
    try {
      const rejoin = this.#saved() ?? (await this.#stage(attempt));
      return rejoin === undefined ? 'over' : await this.#submit(rejoin);
    } catch (error) {
      if (error instanceof ClientError && error.code === 'SERVICE_REFUSED') return { code: error.reason };
      return { code: codeOfRefusal(error) };
    }
  }

  #saved(): StoredRejoin | undefined {
    return this.#around.store.recoveries.find(this.#replica.id).rejoin;
  }

  async #stage(attempt: number): Promise<StoredRejoin | undefined> {
    await this.#around.wait(this.#delay(attempt), this.#around.signal);
    const staged = await stageRejoin(this.#replica, this.#around);
    if (staged.kind === 'removed') {
      await this.#replica.end('');
      return undefined;
    }
    this.#around.beforeStep('rejoin:staged');
    this.#around.store.recoveries.saveRejoin(this.#replica.id, staged.rejoin);
    this.#around.beforeStep('rejoin:saved');
    return staged.rejoin;
  }

  #delay(attempt: number): number {
    const { store, nowMs, random } = this.#around;
    const { recovered, recoveredAtMs } = store.recoveries.find(this.#replica.id);
    const often = nowMs() - recoveredAtMs < LATELY_MS ? recovered : 0;
    const members = this.#replica.group.state.tree.memberCount;
    const spread = Math.min(members * SPREAD_PER_MEMBER_MS, MAX_SPREAD_MS);
    const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.min(often + attempt, 20), MAX_DELAY_MS);
    return random() * (spread + longest);
  }

  async #submit(rejoin: StoredRejoin): Promise<Attempt> {
    const result = await this.#offer(rejoin.bundle);
    this.#around.beforeStep('rejoin:answered');
    switch (result?.$case) {
      case undefined:
        return 'over';
      case 'accepted':
        await this.#finish(rejoin, result.value);
        return 'over';
      case 'conflict':
        return this.#giveUp('CONFLICT');
      case 'rejected':
        return this.#giveUp(reasonWord(result.value.reason, 'SUBMISSION_REJECTION_REASON_'));
    }
  }

  /** Whatever the answer was, it says that this commit is not in the log. */
  #giveUp(code: string): Attempt {
    this.#around.store.recoveries.deleteRejoin(this.#replica.id);
    return { code };
  }

  #offer(body: Uint8Array): Promise<CommitResult | undefined> {
    const { group } = this.#replica;
    const prove = (): delivery.EpochProof =>
      proveMembership(group, 'SubmitCommit', body, this.#around.nowMs());
    // Whoever has lost its way has nothing to hand in: others have to.
    const submission = { body, prove, ticket: new Uint8Array(0), isOpen: () => true, restore: nothing };
    return submitCommit(submission, this.#around);
  }

  async #finish(
    { bundle, state }: StoredRejoin,
    { sequence, receipt }: delivery.CommitAccepted,
  ): Promise<void> {
    const { store, nowMs, beforeStep } = this.#around;
    const { id, cursor, options, fault: code = '' } = this.#replica;
    const { commit: mlsMessage, epoch } = delivery.CommitBundle.decode(bundle);
    const group = new Group(decodeState(state), options);
    const kind = delivery.LogEntryKind.COMMIT;
    const entry = { sequence, kind, epoch, mlsMessage, receipt };
    const checked = await checkReceiptOf(entry, { conversation: id, groupId: group.groupId }, this.#around);
    if (checked.kind === 'lie') return this.#replica.accuse(checked.receipts);
    const { recovered, recoveredAtMs } = store.recoveries.find(id);
    const isOften = nowMs() - recoveredAtMs < LATELY_MS;
    const before = membersOf(this.#replica.group);
    await this.#replica.replace(group, entry, () => {
      // Who is gone was removed meanwhile, and knows the keys of all tickets.
      if (before.some(({ device }) => leafOfDevice(group.state.tree, device) === undefined)) {
        store.tickets.deleteAll(id);
      }
      forgetGone({ id, group }, store);
      if (receipt !== '') store.receipts.save(id, { epoch, sequence, jws: receipt });
      store.recoveries.finish(id, isOften ? recovered + 1 : 1, nowMs());
      const missing = { missingAfter: cursor, missingUpTo: sequence - 1n };
      store.events.add({ kind: 'resynced', conversation: id, epoch: group.epoch, ...missing, code });
    });
    beforeStep('rejoin:done');
  }
}
