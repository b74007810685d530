/**
 * Where groups stand, remembered as long as nobody has written to the file: many readers of one group ask at once when it
 * grows.
 *
 * @module
 */
import type { GroupSummary } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';

/** More are forgotten together: they are read again in a few microseconds. */
const MAX_GROUPS = 4096;

/** Summaries that are as good as read now. */
export class KnownGroups {
  readonly #connection: SqliteConnection;
  readonly #known = new Map<string, GroupSummary | undefined>();
  #version = '';

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Gives what `read` gave since the last write by anybody, or what it gives now. */
  find(name: string, read: () => GroupSummary | undefined): GroupSummary | undefined {
    // Asked before reading: what is written in between makes the next question another one.
    const version = this.#connection.version();
    if (version !== this.#version || this.#known.size >= MAX_GROUPS) this.#known.clear();
    this.#version = version;
    if (this.#known.has(name)) return this.#known.get(name);
    const summary = read();
    this.#known.set(name, summary);
    return summary;
  }
}
