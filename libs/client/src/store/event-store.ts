/**
 * Events that wait for the application.
 *
 * @module
 */
import type { ClientEvent } from '../client-event.ts';
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** An event with its place in the order. */
export interface StoredEvent {
  readonly position: bigint;
  readonly event: ClientEvent;
}

/** The rows of events. */
export class EventStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds an event at the end. */
  add(event: ClientEvent): void {
    const { data, ...rest } = { data: new Uint8Array(0), ...event };
    const json = JSON.stringify(rest, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    this.#database.run('INSERT INTO event (event, data) VALUES (?, ?)', json, data);
  }

  /** The oldest event after a position. */
  next(after: bigint): StoredEvent | undefined {
    const row = this.#database.get('SELECT * FROM event WHERE position > ? ORDER BY position LIMIT 1', after);
    return row && { position: integer(row, 'position'), event: toEvent(row) };
  }

  /** Forgets an event that the application has finished with. */
  delete(position: bigint): void {
    this.#database.run('DELETE FROM event WHERE position = ?', position);
  }
}

function toEvent(row: Row): ClientEvent {
  // oxlint-disable-next-line no-unsafe-type-assertion -- only `add` writes this column
  const stored = JSON.parse(text(row, 'event')) as StoredJson;
  const data = bytes(row, 'data');
  switch (stored.kind) {
    case 'message':
      return { ...stored, data, sequence: BigInt(stored.sequence) };
    case 'unreadable':
      return { ...stored, sequence: BigInt(stored.sequence) };
    case 'members':
      return { ...stored, epoch: BigInt(stored.epoch) };
    case 'resynced': {
      const [missingAfter, missingUpTo] = [BigInt(stored.missingAfter), BigInt(stored.missingUpTo)];
      return { ...stored, epoch: BigInt(stored.epoch), missingAfter, missingUpTo };
    }
    case 'joined':
    case 'removed':
    case 'stuck':
    case 'serviceLied':
      return stored;
  }
}

/** An event as JSON has it: numbers that may be large as text, the data in a column of its own. */
type StoredJson = ClientEvent extends infer Event ? JsonOf<Event> : never;
type JsonOf<Event> = Event extends unknown
  ? { readonly [Key in Exclude<keyof Event, 'data'>]: Event[Key] extends bigint ? string : Event[Key] }
  : never;
