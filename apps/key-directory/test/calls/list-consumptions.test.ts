import { getCipherSuite } from '@canopy/crypto';
import { decodeMessage, keyPackageRef, WireFormat } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimFrom, failureOf, NOW, startBench, stock, type Bench, type Device } from '../bench.ts';

const DAY = 86_400_000;

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  const bounds = { CANOPY_CONSUMPTION_ENTRIES: '5', CANOPY_CONSUMPTION_AGE: '10d' };
  bench = await startBench({ environment: bounds });
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

function refOf(bytes: Uint8Array): Uint8Array {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.keyPackage) throw new Error('not a KeyPackage');
  return keyPackageRef(getCipherSuite(message.keyPackage.cipherSuite), message.keyPackage);
}

async function claimBy(user: string): Promise<void> {
  const device = await bench.device(user);
  await device.call('claimKeyPackages', claimFrom({ devices: [alice.name] }));
}

describe('ListConsumptions', () => {
  it('tells the owner who got which KeyPackage when, also the last resort, and nobody else', async () => {
    const [single = new Uint8Array()] = await stock(bench, alice, 1);
    const [resort = new Uint8Array()] = await stock(bench, alice, 1, { lastResort: true });
    const bob = await bench.device('bob');
    const request = claimFrom({ devices: [alice.name] });
    await bob.call('claimKeyPackages', request);
    await bob.call('claimKeyPackages', request);
    bench.clock.advance(1_000);
    await claimBy('carol');
    const common = { sequence: expect.any(BigInt), cipherSuite: 1 };
    const { consumptions, more } = await alice.call('listConsumptions', { afterSequence: 0n, pageSize: 0 });
    expect(consumptions).toEqual([
      {
        ...common,
        claimedBy: bob.name,
        timeUnixMs: BigInt(NOW),
        keyPackageRef: refOf(single),
        lastResort: false,
      },
      {
        ...common,
        claimedBy: (await bench.device('carol')).name,
        timeUnixMs: BigInt(NOW + 1_000),
        keyPackageRef: refOf(resort),
        lastResort: true,
      },
    ]);
    expect(more).toBe(false);
    const none = { consumptions: [], more: false };
    expect(await bob.call('listConsumptions', { afterSequence: 0n, pageSize: 0 })).toEqual(none);
  });

  it('gives page after page without a gap, the newest within the bounds', async () => {
    await stock(bench, alice, 1, { lastResort: true });
    for (let i = 0; i < 7; i += 1) await claimBy(`user${i}`);
    const seen: string[] = [];
    let afterSequence = 0n;
    for (;;) {
      const page = await alice.call('listConsumptions', { afterSequence, pageSize: 2 });
      seen.push(...page.consumptions.map(({ claimedBy }) => claimedBy.split('/')[4] ?? ''));
      afterSequence = page.consumptions.at(-1)?.sequence ?? afterSequence;
      if (!page.more) break;
    }
    expect(seen).toEqual(['user2', 'user3', 'user4', 'user5', 'user6']);
    bench.clock.advance(10 * DAY + 1);
    alice = await bench.device();
    expect(await alice.call('listConsumptions', { afterSequence: 0n, pageSize: 2 })).toEqual({
      consumptions: [],
      more: false,
    });
  });

  it('refuses pages that are too large', async () => {
    const failure = await failureOf(alice.call('listConsumptions', { afterSequence: 0n, pageSize: 1_001 }));
    expect([failure.code, failure.fieldViolations.map(({ field }) => field)]).toEqual([
      'INVALID_ARGUMENT',
      ['page_size'],
    ]);
    await alice.call('listConsumptions', { afterSequence: 2n ** 64n - 1n, pageSize: 1_000 });
  });
});
