/**
 * Sends application messages, each until it is in the log, and each once; in order, but that one which the service puts off
 * for a limit may come after later ones that were on their way with it.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { proveMembership } from './group-proof.ts';
import { catchUp } from './read-group.ts';
import type { Recovery } from './recovery.ts';
import type { Replica } from './replica.ts';
import { isRefusalOfBytes } from './service-calls.ts';
import type { Restoration } from './restoration.ts';
import type { StoredMessage } from './store/outgoing-store.ts';
import { sendMessage, sendMessageAhead, type MessageResult, type Submission } from './submissions.ts';
import type { ReplicaParts } from './submit-commit.ts';
import type { Surroundings } from './surroundings.ts';
import { reasonWord } from './reason-word.ts';

/** Where a message stands in the log. */
export interface Sent {
  readonly sequence: bigint;
}

/** As many messages of one conversation are on their way at the same time. */
const MAX_AHEAD = 64;

type Waiter = ReturnType<typeof Promise.withResolvers<Sent>>;

/** The messages of one conversation on their way. */
export class Outbox {
  readonly #replica: Replica;
  readonly #around: Surroundings;
  readonly #recovery: Recovery;
  readonly #restoration: Restoration;
  readonly #settleGroup: () => Promise<void>;
  readonly #waiting = new Map<bigint, Waiter>();
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  /** Nothing can be sent while proposals wait (RFC 9420 §12.4), or an intruder reads along: `settleGroup` is called before encrypting. */
  constructor({ replica, around, recovery, restoration }: ReplicaParts, settleGroup: () => Promise<void>) {
    this.#replica = replica;
    this.#around = around;
    this.#recovery = recovery;
    this.#restoration = restoration;
    this.#settleGroup = settleGroup;
  }

  /** Saves application data as a message and sends it; resolves when it is in the log. @throws {ClientError} CONVERSATION_ENDED, MESSAGE_REFUSED, CLOSED */
  async send(applicationData: Uint8Array): Promise<Sent> {
    const { outgoing } = this.#around.store;
    const waiter: Waiter = Promise.withResolvers();
    await this.#recovery.run();
    await this.#settleGroup();
    await this.#replica.encrypt(applicationData, (message) => {
      this.#waiting.set(outgoing.add(this.#replica.id, message, applicationData), waiter);
    });
    this.flush();
    return waiter.promise;
  }

  /** Sends what is waiting, also from before this process. */
  flush(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#flush();
  }

  /** Waits until nothing is under way. */
  settled(): Promise<void> {
    return this.#running;
  }

  async #flush(): Promise<void> {
    try {
      for (let next = this.#next(); next.length > 0; next = this.#next()) await this.#sendAll(next);
      if (!this.#replica.isActive) this.#replica.requireActive();
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Only a stream keeps the order of what is on its way at the same time. */
  #next(): readonly StoredMessage[] {
    const limit = this.#around.line.isOpen ? MAX_AHEAD : 1;
    return this.#around.store.outgoing.first(this.#replica.id, limit);
  }

  /** What gets no answer ahead is offered again, in its order, until it has one. */
  async #sendAll(messages: readonly StoredMessage[]): Promise<void> {
    const ahead = await Promise.all(messages.map((message) => this.#sendAhead(message)));
    for (const [index, message] of messages.entries()) await this.#sendOne(message, ahead[index]);
  }

  async #sendAhead(message: StoredMessage): Promise<MessageResult | undefined> {
    return this.#around.line.isOpen ? sendMessageAhead(this.#submission(message), this.#around) : undefined;
  }

  async #sendOne(message: StoredMessage, ahead: MessageResult | undefined): Promise<void> {
    try {
      const result = ahead ?? (await sendMessage(this.#submission(message), this.#around));
      this.#around.beforeStep('send:answered');
      await this.#act(message, result);
    } catch (error) {
      // After any other failure an earlier attempt may have been accepted, or a later one may be.
      if (!isRefused(error)) throw error;
      this.#around.log({ event: 'message-refused', conversation: this.#replica.id, code: error.reason });
      this.#finish(message, (waiter) => waiter.reject(error));
    }
  }

  async #act(message: StoredMessage, result: MessageResult | undefined): Promise<void> {
    switch (result?.$case) {
      case undefined:
        return;
      case 'accepted': {
        const { sequence } = result.value;
        return this.#finish(message, (waiter) => waiter.resolve({ sequence }));
      }
      case 'conflict':
        await this.#replica.receive(result.value.entries);
        return this.#encryptAgain(message);
      case 'rejected':
        throw refused(result.value);
    }
  }

  /** A conflict says for certain that the message is not in the log: only then it may get another request id. */
  async #encryptAgain({ position, epoch, data }: StoredMessage): Promise<void> {
    await catchUp(this.#replica, this.#around);
    await this.#recovery.run();
    this.#replica.requireActive();
    if (this.#replica.group.epoch === epoch) {
      throw new ClientError(
        'CONVERSATION_STUCK',
        'the service says that the group has moved on, and does not show it',
      );
    }
    await this.#settleGroup();
    const { outgoing } = this.#around.store;
    await this.#replica.encrypt(data, (message) => outgoing.replace(position, message));
  }

  #finish({ position }: StoredMessage, tell: (waiter: Waiter) => void): void {
    this.#around.store.outgoing.delete(position);
    const waiter = this.#waiting.get(position);
    this.#waiting.delete(position);
    if (waiter !== undefined) tell(waiter);
  }

  #rejectAll(error: unknown): void {
    for (const waiter of this.#waiting.values()) waiter.reject(error);
    this.#waiting.clear();
  }

  #submission({ requestId, epoch, message: mlsMessage }: StoredMessage): Submission {
    const { group, cursor: knownSequence } = this.#replica;
    const { groupId } = group;
    const body = delivery.GroupMessage.encode({
      groupId,
      epoch,
      requestId,
      mlsMessage,
      knownSequence,
    }).finish();
    return {
      body,
      prove: () => proveMembership(this.#replica.group, 'SendMessage', body, this.#around.nowMs()),
      ticket: new Uint8Array(0),
      isOpen: () => true,
      restore: () => this.#restoration.run(),
    };
  }
}

function isRefused(error: unknown): error is ClientError {
  return isRefusalOfBytes(error) || (error instanceof ClientError && error.code === 'MESSAGE_REFUSED');
}

function refused({ reason, detail }: delivery.SubmissionRejected): ClientError {
  const word = reasonWord(reason, 'SUBMISSION_REJECTION_REASON_');
  return new ClientError('MESSAGE_REFUSED', `the service refused the message: ${word} ${detail}`, {
    reason: word,
  });
}
