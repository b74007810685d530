/**
 * Writes down what happens, in the order in which it is known.
 *
 * @module
 */
import { readServiceError } from '@canopy/contract';
import type { HistoryEvent, Interval, Refused, Unknown } from './event.ts';

/** The codes by which a service says that it has done nothing. */
const DEFINITE: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
]);

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event without its times. */
export type Untimed = Without<HistoryEvent, keyof Interval>;

/** Collects the events of a run. */
export class Recorder {
  readonly #events: HistoryEvent[] = [];
  readonly #unanswered = new Map<string, number>();
  #accepted = 0;
  #clock = 0;
  #lastFailure = 'none';

  /** The last failure of a call, for who waits in vain. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  /** All events so far. */
  get events(): readonly HistoryEvent[] {
    return this.#events;
  }

  /** How many appends were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Gives the next position of the run's counter. */
  now(): number {
    return (this.#clock += 1);
  }

  /** Writes down what began at a time and is known now. */
  add(client: string, start: number, event: Untimed): void {
    if (event.kind === 'append' && event.outcome.outcome === 'accepted') this.#accepted += 1;
    this.#events.push({ ...event, client, start, end: this.now() });
  }

  /** Writes down what began at a time and will never be known. */
  addUnanswered(client: string, start: number, event: Untimed): void {
    this.#events.push({ ...event, client, start, end: Infinity });
    this.#unanswered.set(client, this.unanswered(client) + 1);
  }

  /** How many questions of a client will never be answered. */
  unanswered(client: string): number {
    return this.#unanswered.get(client) ?? 0;
  }

  /** Says what a failure means for what was asked, and writes it down when no service may fail so. */
  failure(client: string, start: number, method: string, error: unknown): Refused | Unknown {
    const { code, reason, message } = readServiceError(error);
    this.#lastFailure = `${method}: ${code} ${reason} ${message}`;
    // Without a reason the status comes from the channel, which also says INTERNAL when a process dies.
    if (reason !== '' && (code === 'INTERNAL' || code === 'UNKNOWN')) {
      this.add(client, start, { kind: 'surprise', method, code, message });
    }
    return DEFINITE.has(code) && reason !== ''
      ? { outcome: 'refused', code, reason }
      : { outcome: 'unknown', code };
  }
}
