/**
 * The topics of one stream, each in its turn.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Bell } from '@canopy/service';
import type { Topic } from './topic.ts';

/** Topics by key; those that have something to say wait in a queue in which each stands once. */
export class Topics<T extends Topic> {
  readonly #topics = new Map<string, T>();
  readonly #ready = new Set<string>();
  readonly #bell: Bell;

  constructor(bell: Bell) {
    this.#bell = bell;
  }

  get size(): number {
    return this.#topics.size;
  }

  /** Finds a topic. */
  find(key: string): T | undefined {
    return this.#topics.get(key);
  }

  /** Adds a topic, which is read from the start on. */
  add(key: string, topic: T): void {
    this.#topics.set(key, topic);
    this.wake(key);
  }

  /** Puts a topic into the queue. */
  wake(key: string): void {
    if (this.#topics.has(key)) {
      this.#ready.add(key);
      this.#bell.ring();
    }
  }

  /** Forgets a topic. */
  remove(key: string): void {
    this.#topics.get(key)?.close();
    this.#topics.delete(key);
    this.#ready.delete(key);
  }

  /** Forgets all topics. */
  clear(): void {
    for (const key of this.#topics.keys()) this.remove(key);
  }

  /** Lets the first topic of the queue say a page; undefined when the queue is empty. */
  async next(): Promise<readonly delivery.SubscribeResponse[] | undefined> {
    const [key] = this.#ready;
    const topic = key === undefined ? undefined : this.#topics.get(key);
    if (key === undefined || topic === undefined) return undefined;
    // Out of the queue before it reads: a wake-up that comes meanwhile puts it in again.
    this.#ready.delete(key);
    const { responses, more } = await topic.step();
    if (this.#topics.get(key) !== topic) return [];
    if (more) this.wake(key);
    return responses;
  }
}
