import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delivery } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench, ROOMY, type Bench, type Device } from './bench.ts';
import { TestGroup } from './group.ts';
import { Reader } from './reader.ts';

const NOTHING = { groupId: new Uint8Array(), afterSequence: 0n, limit: 0, device: '' };

let folder: string;
let bench: Bench;
let alice: Device;
let group: TestGroup;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-stored-'));
  bench = await startBench({ path: join(folder, 'store.sqlite') });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
  rmSync(folder, { recursive: true });
});

/** Follows the group as one device after the other, until each is live. */
async function followers(count: number): Promise<readonly Reader[]> {
  const readers: Reader[] = [];
  for (let i = 0; i < count; i += 1) {
    const reader = new Reader(await bench.device(`reader${i}`));
    await reader.stream.send(group.subscribeRequest(0n));
    await reader.until('live');
    readers.push(reader);
  }
  return readers;
}

describe('what the service keeps of a group', () => {
  it('has the public access keys of epochs, no private one, and nobody who wrote or read', async () => {
    const [reader] = await followers(1);
    await group.send(alice, 0n);
    await group.commit(alice, 0n);
    reader?.stream.cancel();
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    const stored = Buffer.concat(files);
    for (const epoch of [0n, 1n]) {
      expect(stored.includes(Buffer.from(group.key(epoch).publicKey))).toBe(true);
      expect(stored.includes(Buffer.from(group.key(epoch).privateKey))).toBe(false);
    }
    expect(stored.includes('mimi:')).toBe(false);
  });

  it('has a message once, by one write, however many follow the group', async () => {
    const readers = await followers(40);
    const appended: number[] = [];
    const { groupLog, mailbox } = bench.store;
    const append = groupLog.appendMessages.bind(groupLog);
    Object.defineProperty(groupLog, 'appendMessages', {
      value: (messages: Parameters<typeof append>[0]) => {
        appended.push(messages.length);
        return append(messages);
      },
    });
    Object.defineProperty(mailbox, 'deliver', {
      value: () => Promise.reject(new Error('a message is copied for a device')),
    });
    await group.send(alice, 0n);
    for (const reader of readers) expect(await reader.entries(1)).toEqual([1n]);
    expect(appended).toEqual([1]);
    for (const reader of readers) reader.stream.cancel();
  });
});

describe('what a device has acknowledged', () => {
  it('stays so when the service starts again, and what it only read does not', async () => {
    const entry = { device: alice.name, groupId: group.id, epoch: 1n, tree: undefined, welcome: group.id };
    for (const groupSequence of [1n, 2n])
      await bench.store.mailbox.deliver({ ...entry, groupSequence }, ROOMY);
    await alice.call('readMailbox', { afterSequence: 0n, limit: 0 });
    await alice.call('acknowledgeMailbox', { upToSequence: 1n });
    await bench.close();
    bench = await startBench({ path: join(folder, 'store.sqlite') });
    const again = await bench.device();
    const { entries } = await again.call('readMailbox', { afterSequence: 0n, limit: 0 });
    expect(entries.map(({ sequence }) => sequence)).toEqual([2n]);
  });
});

describe('what a proof is over', () => {
  it('is the bytes as they were sent, also where another encoder would write others', async () => {
    // The fields in another order, and one of a later version.
    const later = Buffer.from('f81e07', 'hex');
    const limit = delivery.GroupQuery.encode({ ...NOTHING, limit: 5 }).finish();
    const id = delivery.GroupQuery.encode({ ...NOTHING, groupId: group.id }).finish();
    const query = Uint8Array.from(Buffer.concat([later, limit, id]));
    const again = delivery.GroupQuery.encode(delivery.GroupQuery.decode(query)).finish();
    expect(Buffer.from(again).equals(query)).toBe(false);
    const proof = group.proof('ReadGroup', query, 0n);
    await expect(alice.call('readGroup', { query, proof })).resolves.toBeDefined();
    const other = group.proof('ReadGroup', again, 0n);
    await expect(alice.call('readGroup', { query, proof: other })).rejects.toMatchObject({
      reason: 'PROOF_INVALID',
    });
    await expect(alice.call('readGroup', { query: again, proof: other })).resolves.toBeDefined();
  });
});
