/**
 * What a stream sends: worked off in order within a group, side by side between groups, and never too much at a time.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { Bell } from './bell.ts';

/** The answers of a stream that nobody has taken yet, and the work that leads to some of them. */
export class Submissions {
  readonly #limit: number;
  readonly #bell: Bell;
  readonly #room = new Bell();
  readonly #answers: delivery.SubscribeResponse[] = [];
  readonly #lastOfGroup = new Map<string, Promise<void>>();
  #running = 0;
  #failure: { readonly error: unknown } | undefined;

  /** Rings the bell whenever there is something to take, to throw, or nothing more to wait for. */
  constructor(limit: number, bell: Bell) {
    this.#limit = limit;
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

  /** Waits until less is open than the limit. */
  async room(): Promise<void> {
    while (this.#running + this.#answers.length >= this.#limit) await this.#room.heard();
  }

  /** Adds an answer. */
  answer(response: delivery.SubscribeResponse): void {
    this.#answers.push(response);
    this.#bell.ring();
  }

  /** Takes the oldest answer. */
  take(): delivery.SubscribeResponse | undefined {
    const response = this.#answers.shift();
    this.#room.ring();
    return response;
  }

  /** Does work for a group after all that was asked for it before; its result is an answer. */
  enqueue(group: string, work: () => Promise<delivery.SubscribeResponse>): void {
    this.#running += 1;
    const before = this.#lastOfGroup.get(group) ?? Promise.resolve();
    const done = before.then(() => this.#run(work)).finally(() => this.#finish(group, done));
    this.#lastOfGroup.set(group, done);
  }

  /** Ends the stream with an error, after the answers that are on their way; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#bell.ring();
    this.#room.ring();
  }

  async #run(work: () => Promise<delivery.SubscribeResponse>): Promise<void> {
    // What comes after a failure is not done: the sender repeats both, in its order.
    if (this.#failure !== undefined) return;
    try {
      this.answer(await work());
    } catch (error) {
      this.fail(error);
    }
  }

  #finish(group: string, done: Promise<void>): void {
    this.#running -= 1;
    if (this.#lastOfGroup.get(group) === done) this.#lastOfGroup.delete(group);
    this.#bell.ring();
    this.#room.ring();
  }
}
