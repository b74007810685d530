import { describe, expect, it } from '@jest/globals';
import { observeStore, processMetrics } from '../src/index.ts';

class Shelf {
  readonly #books: string[] = [];

  put(book: string): Promise<number> {
    return Promise.resolve(this.#books.push(book));
  }

  burn(): Promise<never> {
    return Promise.reject(new Error('never'));
  }

  onPut(listener: () => void): () => void {
    listener();
    return listener;
  }
}

function open(): { shelf: Shelf; isHealthy(): boolean; close(): string } {
  return { shelf: new Shelf(), isHealthy: () => true, close: () => 'closed' };
}

async function count(name: string): Promise<number> {
  const lines = (await processMetrics.text()).split('\n');
  return Number(lines.find((line) => line.startsWith(name))?.split(' ')[1] ?? 0);
}

describe('a store that is observed', () => {
  it('does what the store does', async () => {
    const store = observeStore(open());
    expect(await store.shelf.put('a')).toBe(1);
    expect(await store.shelf.put('b')).toBe(2);
    await expect(store.shelf.burn()).rejects.toThrow('never');
    let heard = 0;
    store.shelf.onPut(() => {
      heard += 1;
    });
    expect([heard, store.isHealthy(), store.close()]).toEqual([1, true, 'closed']);
  });

  it('counts the time and the failures of each step, and nothing of what it was given', async () => {
    const store = observeStore(open());
    const put = 'canopy_store_seconds_count{port="shelf",step="put"}';
    const burn = 'canopy_store_failures_total{port="shelf",step="burn"}';
    const before = [await count(put), await count(burn)];
    await store.shelf.put('a book with a name');
    await store.shelf.burn().catch(() => undefined);
    const after = [await count(put), await count(burn)];
    expect(after).toEqual(before.map((value) => value + 1));
    expect(await processMetrics.text()).not.toContain('a book with a name');
    expect(await processMetrics.text()).not.toContain('onPut');
  });
});
