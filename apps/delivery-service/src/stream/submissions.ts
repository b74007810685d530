/**
 * What a stream sends: worked off in order within a group, side by side between groups, and never too much at a time.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { Bell } from '@canopy/service';
import { together } from './together.ts';

/** Leads to an answer, or to none. */
export type Work = () => Promise<delivery.SubscribeResponse | undefined>;

/** Something to be done for a group. */
export interface Task {
  /** What has to be done in its order has the same name. */
  readonly group: string;
  /** The bytes that are held in memory until it is done. */
  readonly size: number;
  readonly work: Work;
}

/** How much a stream may have open. */
export interface SubmissionLimits {
  readonly requests: number;
  readonly bytes: number;
}

/** The answers of a stream that nobody has taken yet, and the work that leads to some of them. */
export class Submissions {
  readonly #limits: SubmissionLimits;
  readonly #bell: Bell;
  readonly #room = new Bell();
  #answers: delivery.SubscribeResponse[] = [];
  /** Of groups in which something waits, or goes alone: the last thing that others have to wait for. */
  readonly #lastOfGroup = new Map<string, Promise<void>>();
  #running = 0;
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  /** Rings the bell whenever there is something to take, to throw, or nothing more to wait for. */
  constructor(limits: SubmissionLimits, bell: Bell) {
    this.#limits = limits;
    this.#bell = bell;
  }

  /** What ended the stream, if anything did. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether there is nothing to wait for: no work, and no answer that is not taken. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#answers.length === 0;
  }

  /** Whether as much is open as may be. */
  get isFull(): boolean {
    const { requests, bytes } = this.#limits;
    return this.#running + this.#answers.length >= requests || this.#bytes >= bytes;
  }

  /** Waits until less is open than the limit. */
  async room(): Promise<void> {
    while (this.isFull && this.#failure === undefined) await this.#room.heard();
  }

  /** Adds an answer. */
  answer(response: delivery.SubscribeResponse): void {
    this.#answers.push(response);
    this.#bell.ring();
  }

  /** Takes all answers, the oldest first. */
  takeAll(): readonly delivery.SubscribeResponse[] {
    if (this.#answers.length === 0) return [];
    const answers = this.#answers;
    this.#answers = [];
    this.#room.ring();
    return together(answers);
  }

  /**
   * Begins work for a group at once, or after what has to go before it. Work that begins does so in the order in which it
   * was asked for; it may end in another order.
   */
  begin(task: Task): void {
    this.#open(task);
    const before = this.#lastOfGroup.get(task.group);
    if (before === undefined) void this.#run(task);
    else this.#follow(task.group, before, () => void this.#run(task));
  }

  /** Does work for a group alone: after everything before it, which `settled` tells of, and before everything later. */
  goAlone(task: Task, settled: () => Promise<void>): void {
    this.#open(task);
    const before = this.#lastOfGroup.get(task.group) ?? Promise.resolve();
    this.#follow(task.group, before, () => settled().then(() => this.#run(task)));
  }

  /** Ends the stream with an error, after the answers that are on their way; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#bell.ring();
    this.#room.ring();
  }

  #follow(group: string, before: Promise<void>, begin: () => void | Promise<void>): void {
    const last = before.then(begin).finally(() => {
      if (this.#lastOfGroup.get(group) === last) this.#lastOfGroup.delete(group);
    });
    this.#lastOfGroup.set(group, last);
  }

  #open({ size }: Task): void {
    this.#running += 1;
    this.#bytes += size;
  }

  async #run({ work, size }: Task): Promise<void> {
    try {
      // What comes after a failure is not done: the sender repeats both, in its order.
      const answer = this.#failure === undefined ? await work() : undefined;
      if (answer !== undefined) this.#answers.push(answer);
    } catch (error) {
      this.fail(error);
    } finally {
      this.#running -= 1;
      this.#bytes -= size;
      this.#bell.ring();
      this.#room.ring();
    }
  }
}
