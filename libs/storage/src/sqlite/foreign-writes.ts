/**
 * Notices that another connection, maybe of another process, has written to the file.
 *
 * @module
 */
import type { Unsubscribe } from '../wake-up.ts';
import type { SqliteConnection } from './connection.ts';

/** How long a write by another process may stay unnoticed, when looking is quick. */
const INTERVAL_MS = 25;
/** Looking must not take more than a tenth of the time. */
const PAUSE_PER_LOOK = 9;

/** Asks the file for its version while there is somebody who wants to know. */
export class ForeignWrites {
  readonly #connection: SqliteConnection;
  readonly #watchers = new Set<() => void>();
  #version: bigint | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Calls the watcher after writes by others, from now on. */
  watch(watcher: () => void): Unsubscribe {
    this.#watchers.add(watcher);
    if (this.#timer === undefined) {
      this.#version = this.#connection.isOpen ? this.#connection.dataVersion() : undefined;
      this.#sleep(INTERVAL_MS);
    }
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #sleep(forMs: number): void {
    this.#timer = setTimeout(() => {
      if (!this.#connection.isOpen) return;
      const begin = performance.now();
      this.#look();
      this.#sleep(Math.max(INTERVAL_MS, (performance.now() - begin) * PAUSE_PER_LOOK));
    }, forMs).unref();
  }

  #look(): void {
    try {
      const version = this.#connection.dataVersion();
      if (version === this.#version) return;
      // One view for all of them: taking one costs more than reading a row.
      this.#connection.read(() => {
        for (const watcher of this.#watchers) watcher();
      });
      this.#version = version;
    } catch {
      // The file cannot be read now: the next look finds what has changed.
    }
  }
}
