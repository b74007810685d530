import { setImmediate } from 'node:timers/promises';
import type { delivery } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NOW, ROOMY, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';
import { Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

beforeEach(async () => {
  bench = await startBench({
    environment: {
      CANOPY_RETENTION_ENTRIES: '3',
      CANOPY_RETENTION_AGE: '1h',
      CANOPY_RETENTION_INTERVAL: '10ms',
    },
  });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

/** Waits for the timer to have done its work: its pause is short here. */
async function firstKept(expected: bigint): Promise<void> {
  for (;;) {
    const page = { groupId: group.id, afterSequence: 0n, limit: 1, maxBytes: 1 };
    const [first] = await bench.store.groupLog.read(page);
    if (first?.sequence === expected) return;
    await setImmediate();
  }
}

describe('retention', () => {
  it('keeps so many entries of a group, and tells who asks for older ones where the log begins', async () => {
    for (let round = 0; round < 7; round += 1) await group.send(alice, 0n);
    await firstKept(5n);
    const page = await alice.call('readGroup', group.readRequest(0n, 2n));
    expect(page.firstKeptSequence).toBe(5n);
    expect(page.entries.map(({ sequence }) => sequence)).toEqual([5n, 6n, 7n]);
    expect((await alice.call('readGroup', group.readRequest(0n, 4n))).firstKeptSequence).toBe(0n);
    expect((await alice.call('readGroup', group.readRequest(0n, 7n))).firstKeptSequence).toBe(0n);
  });

  it('ends a topic whose cursor is before the first entry, and lets it begin there', async () => {
    for (let round = 0; round < 7; round += 1) await group.send(alice, 0n);
    await firstKept(5n);
    const reader = new Reader(alice);
    await reader.stream.send(group.subscribeRequest(0n, 2n));
    expect(await reader.next()).toEqual({
      $case: 'truncated',
      value: { groupId: group.id, firstKeptSequence: 5n },
    });
    await reader.stream.send(group.subscribeRequest(0n, 4n));
    expect((await reader.until('live')).seen).toEqual([5n, 6n, 7n]);
    reader.stream.cancel();
  });

  it('removes what has waited in a mailbox for longer than the age, and nothing else from it', async () => {
    const entry = { device: alice.name, groupId: group.id, welcome: random(9), epoch: 1n, tree: undefined };
    await bench.store.mailbox.deliver({ ...entry, groupSequence: 1n }, ROOMY);
    await bench.store.mailbox.deliver({ ...entry, groupSequence: 2n }, { ...ROOMY, nowMs: NOW + 2 });
    bench.clock.advance(3_600_001);
    const later = await bench.device();
    const read = (): Promise<delivery.ReadMailboxResponse> =>
      later.call('readMailbox', { afterSequence: 0n, limit: 0 });
    while ((await read()).entries.length === 2) await setImmediate();
    expect((await read()).entries.map(({ sequence }) => sequence)).toEqual([2n]);
  });

  it('removes what is older than its age, but never the newest entry, nor the way into the group', async () => {
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
    bench.clock.advance(3_600_001);
    await firstKept(2n);
    const proof = { timeUnixMs: NOW + 3_600_001 };
    const query = group.query();
    const later = await bench.device();
    const read = await later.call('getGroupInfo', {
      query,
      proof: group.proof('GetGroupInfo', query, 1n, proof),
      ticket: new Uint8Array(),
    });
    expect(read.epoch).toBe(1n);
    const message = group.messageBody(1n);
    const request = { message, proof: group.proof('SendMessage', message, 1n, proof) };
    expect((await later.call('sendMessage', request)).result).toMatchObject({ value: { sequence: 3n } });
  });
});
