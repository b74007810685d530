/**
 * Wake-ups for things that are numbered: at once for what this connection writes, soon for what others write.
 *
 * @module
 */
import type { Unsubscribe, WakeUp } from '../wake-up.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import { WakeUps } from './wake-ups.ts';

interface Topic {
  listeners: number;
  /** The number of the newest entry that the listeners were woken for, as far as is known. */
  position: bigint | undefined;
}

/** Reads the number of the newest entry of a topic. */
export type ReadPosition = (name: string) => bigint;

/** Who wants to be woken for which log or mailbox. */
export class LogWakeUps {
  readonly #foreignWrites: ForeignWrites;
  readonly #positionOf: ReadPosition;
  readonly #wakeUps = new WakeUps();
  readonly #topics = new Map<string, Topic>();
  #unwatch: Unsubscribe | undefined;

  constructor(foreignWrites: ForeignWrites, positionOf: ReadPosition) {
    this.#foreignWrites = foreignWrites;
    this.#positionOf = positionOf;
  }

  /** Adds a listener of a topic; the same function may be added several times. */
  on(name: string, listener: WakeUp): Unsubscribe {
    const topic = this.#topics.get(name) ?? { listeners: 0, position: undefined };
    topic.listeners += 1;
    this.#topics.set(name, topic);
    this.#unwatch ??= this.#foreignWrites.watch(() => this.#look());
    const unsubscribe = this.#wakeUps.on(name, listener);
    let isOn = true;
    return () => {
      if (isOn) this.#forget(name, topic);
      isOn = false;
      unsubscribe();
    };
  }

  /** Calls the listeners of a topic, after the write that wakes them has been answered. */
  wake(name: string, position: bigint): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    topic.position = position;
    this.#wakeUps.wake(name);
  }

  #forget(name: string, topic: Topic): void {
    topic.listeners -= 1;
    if (topic.listeners > 0) return;
    this.#topics.delete(name);
    if (this.#topics.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Wakes for every topic whose position has changed; once without need where it was not known. */
  #look(): void {
    for (const [name, { position }] of this.#topics) {
      const now = this.#positionOf(name);
      if (now !== position) this.wake(name, now);
    }
  }
}
