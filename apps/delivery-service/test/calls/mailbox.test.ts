import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceOf } from '../authority.ts';
import { startBench, ROOMY, type Bench, type Device } from '../bench.ts';
import { random } from '../group.ts';

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  bench = await startBench({ environment: { CANOPY_PAGE_ENTRIES: '2' } });
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function deliver(device: string, groupSequence: bigint): Promise<void> {
  const entry = {
    device,
    groupId: random(16),
    groupSequence,
    welcome: random(10),
    epoch: 1n,
    tree: undefined,
  };
  await bench.store.mailbox.deliver(entry, ROOMY);
}

async function read(device: Device, afterSequence: bigint): Promise<[bigint[], boolean]> {
  const { entries, end } = await device.call('readMailbox', { afterSequence, limit: 0 });
  return [entries.map(({ sequence }) => sequence), end];
}

describe('a mailbox', () => {
  it('is read page after page by the device that the token names, and by no other', async () => {
    for (let i = 1n; i <= 4n; i += 1n) await deliver(alice.name, i);
    expect(await read(alice, 0n)).toEqual([[1n, 2n], false]);
    expect(await read(alice, 2n)).toEqual([[3n, 4n], true]);
    expect(await read(alice, 4n)).toEqual([[], true]);
    expect(await read(await bench.device('bob'), 0n)).toEqual([[], true]);
  });

  it('forgets what was acknowledged, for the device that the token names only', async () => {
    for (let i = 1n; i <= 3n; i += 1n) {
      await deliver(alice.name, i);
      await deliver(deviceOf('bob'), i);
    }
    await alice.call('acknowledgeMailbox', { upToSequence: 2n });
    expect(await read(alice, 0n)).toEqual([[3n], true]);
    expect(await read(await bench.device('bob'), 0n)).toEqual([[1n, 2n], false]);
    await alice.call('acknowledgeMailbox', { upToSequence: 3n });
    await deliver(alice.name, 4n);
    expect(await read(alice, 0n)).toEqual([[4n], true]);
  });

  it('that has lost its end says so to who has come further, and keeps what nobody has read', async () => {
    await deliver(alice.name, 1n);
    const page = await alice.call('readMailbox', { afterSequence: 2n, limit: 0 });
    expect(page).toEqual({ entries: [], end: true, behind: { lastSequence: 1n } });
    await alice.call('acknowledgeMailbox', { upToSequence: 2n });
    expect(await read(alice, 0n)).toEqual([[1n], true]);
    const atTheEnd = await alice.call('readMailbox', { afterSequence: 1n, limit: 0 });
    expect(atTheEnd).toEqual({ entries: [], end: true, behind: undefined });
  });
});
