import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createLogger, manualClock } from '@canopy/service';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReceiptBook } from '../src/receipt-book.ts';
import { createAuthority, DOMAIN, type Authority } from './authority.ts';
import { NOW, startBench, type Bench, type Device } from './bench.ts';
import { TestGroup } from './group.ts';
import { Reader } from './reader.ts';

let folder: string;
let path: string;
let authority: Authority;
let bench: Bench;
let alice: Device;

/** Starts the service, and waits until the store has its key. */
async function start(): Promise<void> {
  bench = await startBench({ path, authority });
  alice = await bench.device();
  await alice.call('getReceiptKeys', {});
}

/** What a failover does before the replica had the key. */
function loseKeys(): void {
  const file = new DatabaseSync(path);
  file.exec('DELETE FROM receipt_key');
  file.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-receipt-book-'));
  path = join(folder, 'store.db');
  authority = await createAuthority();
  await start();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
  rmSync(folder, { recursive: true });
});

describe('the key of receipts', () => {
  it('is given to the store again that has lost it', async () => {
    const log = createLogger({ service: 'delivery-service', level: 'silent' });
    const book = new ReceiptBook({ ...bench.store, domain: DOMAIN, clock: manualClock(NOW), log });
    await book.prepare();
    const before = await bench.store.receiptKeys.all();
    expect(before).toHaveLength(1);
    loseKeys();
    expect(await bench.store.receiptKeys.all()).toEqual([]);
    await book.prepare();
    expect(await bench.store.receiptKeys.all()).toEqual(before);
  });

  it('that is lost for good costs the receipts that it signed, and nobody its stream', async () => {
    const [group, other] = [new TestGroup(), new TestGroup()];
    for (const one of [group, other]) await one.create(alice);
    loseKeys();
    await group.commit(alice, 0n);
    await other.send(alice, 0n);
    await bench.close();
    await start();
    const { entries } = await alice.call('readGroup', group.readRequest(1n));
    expect(entries).toMatchObject([{ sequence: 1n, receipt: '' }]);
    const reader = new Reader(alice);
    await reader.stream.send(group.subscribeRequest(1n));
    expect(await reader.until('live')).toMatchObject({ seen: [1n] });
    await reader.stream.send(other.subscribeRequest(0n));
    expect(await reader.until('live')).toMatchObject({ seen: [1n] });
    reader.stream.cancel();
    await group.commit(alice, 1n);
    const next = await alice.call('readGroup', group.readRequest(2n, 1n));
    expect(next.entries[0]?.receipt).not.toBe('');
  });
});
