/**
 * Benches on SQLite.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/index.ts';
import type { SqliteStore } from '../../src/index.ts';
import type { StartBench } from '../bench.ts';

/** A folder of its own, and how to remove it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'canopy-storage-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** In memory: one connection is all there is. */
export function inMemory<Port>(pick: (store: SqliteStore) => Port): StartBench<Port> {
  return async () => {
    const store = openSqlite(':memory:');
    return { open: async () => pick(store), end: async () => store.close() };
  };
}

/** In a file that is removed afterwards; each opening is a connection of its own. */
export function inFile<Port>(pick: (store: SqliteStore) => Port): StartBench<Port> {
  return async () => {
    const folder = temporaryFolder();
    const stores: SqliteStore[] = [];
    return {
      open: async () => {
        const store = openSqlite(join(folder.path, 'store.db'));
        stores.push(store);
        return pick(store);
      },
      end: async () => {
        for (const store of stores) store.close();
        folder.remove();
      },
    };
  };
}
