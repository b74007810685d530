import { createLogger, manualClock } from '@canopy/service';
import { openSqlite, type ReceiptKey, type ReceiptKeys, type Store } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReceiptBook } from '../src/receipt-book.ts';
import { DOMAIN } from './authority.ts';
import { NOW, startBench, type Bench } from './bench.ts';
import { TestGroup } from './group.ts';
import { Reader } from './reader.ts';

/** Keys that can get lost: what a failover does before the replica had them. */
class LosingKeys implements ReceiptKeys {
  #keys: readonly ReceiptKey[] = [];

  lose(): void {
    this.#keys = [];
  }

  async ensure(offered: ReceiptKey): Promise<ReceiptKey> {
    if (this.#keys.length === 0) this.#keys = [offered];
    return this.#keys[0] ?? offered;
  }

  async add(key: ReceiptKey): Promise<void> {
    if (this.#keys.every(({ kid }) => kid !== key.kid)) this.#keys = [key, ...this.#keys];
  }

  async all(): Promise<readonly ReceiptKey[]> {
    return this.#keys;
  }
}

let keys: LosingKeys;
let store: Store;
let bench: Bench;

beforeEach(async () => {
  keys = new LosingKeys();
  store = { ...openSqlite(':memory:'), receiptKeys: keys };
  bench = await startBench({ store });
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

describe('the key of receipts', () => {
  it('is given to the store again that has lost it', async () => {
    const log = createLogger({ service: 'delivery-service', level: 'silent' });
    const book = new ReceiptBook({ ...store, domain: DOMAIN, clock: manualClock(NOW), log });
    await book.prepare();
    const before = await keys.all();
    expect(before).toHaveLength(1);
    keys.lose();
    await book.prepare();
    expect(await keys.all()).toEqual(before);
  });

  it('that is lost for good costs the receipts that it signed, and nobody its stream', async () => {
    const alice = await bench.device();
    const [group, other] = [new TestGroup(), new TestGroup()];
    for (const one of [group, other]) await one.create(alice);
    await group.commit(alice, 0n);
    await other.send(alice, 0n);
    keys.lose();
    // Another process, which has never seen the key.
    const second = await startBench({ store, authority: bench.authority });
    const there = await second.device();
    const { entries } = await there.call('readGroup', group.readRequest(1n));
    expect(entries).toMatchObject([{ sequence: 1n, receipt: '' }]);
    const reader = new Reader(there);
    await reader.stream.send(group.subscribeRequest(1n));
    expect(await reader.until('live')).toMatchObject({ seen: [1n] });
    await reader.stream.send(other.subscribeRequest(0n));
    expect(await reader.until('live')).toMatchObject({ seen: [1n] });
    reader.stream.cancel();
    await group.commit(there, 1n);
    const next = await there.call('readGroup', group.readRequest(2n, 1n));
    expect(next.entries[0]?.receipt).not.toBe('');
    expect(second.incidents).toEqual([]);
    await second.close();
  });
});
