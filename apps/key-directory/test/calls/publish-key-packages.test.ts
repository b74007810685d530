import { randomBytes } from 'node:crypto';
import type { directory } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { decodeMessage, keyPackageRef, WireFormat } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, deviceOf } from '../authority.ts';
import {
  claimFrom,
  failureOf,
  keyPackageOf,
  NOW,
  startBench,
  stock,
  type Bench,
  type Device,
} from '../bench.ts';

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  bench = await startBench({
    environment: {
      CANOPY_MAX_STOCK: '3',
      CANOPY_MAX_KEY_PACKAGE_LIFETIME: '30d',
      CANOPY_PUBLISHED_PER_DEVICE_BURST: '10000',
    },
  });
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

type Result = directory.PublishResult['result'];

async function publish(keyPackage: Uint8Array, lastResort = false): Promise<Result> {
  const { results } = await alice.call('publishKeyPackages', { keyPackages: [{ keyPackage, lastResort }] });
  return results[0]?.result;
}

function refOf(bytes: Uint8Array): Uint8Array | undefined {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.keyPackage) return undefined;
  return keyPackageRef(getCipherSuite(message.keyPackage.cipherSuite), message.keyPackage);
}

function rejected(reason: string, detail: string): unknown {
  return {
    $case: 'rejected',
    value: { reason: `KEY_PACKAGE_REJECTION_REASON_${reason}`, detail: expect.stringContaining(detail) },
  };
}

const NOW_SECONDS = BigInt(NOW / 1000);
const DAY = 86_400n;

function good(): Promise<Uint8Array> {
  return keyPackageOf(bench, alice.name);
}

describe('PublishKeyPackages', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])(
    'takes a KeyPackage of suite %i and answers with its reference',
    async (cipherSuite) => {
      const keyPackage = await keyPackageOf(bench, alice.name, { cipherSuite });
      expect(await publish(keyPackage)).toEqual({
        $case: 'stored',
        value: { keyPackageRef: refOf(keyPackage) },
      });
      expect((await alice.call('countKeyPackages', {})).counts).toEqual([
        { cipherSuite, singleUse: 1, lastResort: false, lastResortUses: 0 },
      ]);
    },
  );

  it('judges each of a batch on its own', async () => {
    const [first, second] = [await keyPackageOf(bench, alice.name), await keyPackageOf(bench, alice.name)];
    const uploads = [first, randomBytes(40), second].map((keyPackage) => ({ keyPackage, lastResort: false }));
    const { results } = await alice.call('publishKeyPackages', { keyPackages: uploads });
    expect(results.map(({ index, result }) => [index, result?.$case])).toEqual([
      [0, 'stored'],
      [1, 'rejected'],
      [2, 'stored'],
    ]);
  });

  it('stores a KeyPackage once, however often it comes, and never again after it was handed out', async () => {
    const keyPackage = await keyPackageOf(bench, alice.name);
    await publish(keyPackage);
    expect(await publish(keyPackage)).toMatchObject({ $case: 'stored' });
    const bob = await bench.device('bob');
    const claim = claimFrom({ devices: [alice.name] });
    expect((await bob.call('claimKeyPackages', claim)).devices[0]?.result?.$case).toBe('claimed');
    expect(await publish(keyPackage)).toEqual(rejected('ALREADY_CONSUMED', ''));
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
  });

  it('takes no more than the configured stock, but always a last resort', async () => {
    for (let i = 0; i < 3; i += 1) await publish(await keyPackageOf(bench, alice.name));
    expect(await publish(await keyPackageOf(bench, alice.name))).toEqual(rejected('STOCK_FULL', ''));
    expect(await publish(await keyPackageOf(bench, alice.name), true)).toMatchObject({ $case: 'stored' });
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([
      { cipherSuite: 1, singleUse: 3, lastResort: true, lastResortUses: 0 },
    ]);
  });

  it('takes no more sets of capabilities than a claim can look at, and again when some are used up', async () => {
    await bench.close();
    bench = await startBench();
    alice = await bench.device();
    for (let i = 0; i < 32; i += 1) await stock(bench, alice, 1, { extensions: [0x100 + i] });
    const another = await keyPackageOf(bench, alice.name, { extensions: [0x200] });
    expect(await publish(another)).toEqual(rejected('TOO_MANY_CAPABILITIES', 'TOO_MANY_SETS'));
    const requiredCapabilities = { extensionTypes: [0x101], proposalTypes: [], credentialTypes: [] };
    const request = claimFrom({ devices: [alice.name], requiredCapabilities });
    await (await bench.device('bob')).call('claimKeyPackages', request);
    expect(await publish(another)).toMatchObject({ $case: 'stored' });
  });

  it('refuses a leaf that lists more capabilities than a claim can look at', async () => {
    const extensions = Array.from({ length: 257 }, (_, i) => 0x1000 + i);
    const crowded = await keyPackageOf(bench, alice.name, { extensions });
    expect(await publish(crowded)).toEqual(rejected('TOO_MANY_CAPABILITIES', 'TOO_MANY_CODE_POINTS'));
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
  });

  const other = deviceOf('mallory');
  const cases: readonly [string, string, string, () => Promise<Uint8Array>][] = [
    ['MALFORMED', 'TRUNCATED', 'nothing', () => Promise.resolve(new Uint8Array())],
    ['MALFORMED', '', 'noise', () => Promise.resolve(randomBytes(300))],
    ['MALFORMED', 'TRUNCATED', 'a truncated one', async () => (await good()).subarray(0, -1)],
    [
      'MALFORMED',
      'TRAILING_BYTES',
      'one with a byte too many',
      async () => Buffer.concat([await good(), Buffer.alloc(1)]),
    ],
    ['MALFORMED', 'TOO_LARGE', 'one that is too large', () => Promise.resolve(randomBytes(16_385))],
    ['INVALID', 'INVALID_SIGNATURE', 'one whose signature is wrong', async () => flipLast(await good())],
    ['WRONG_DEVICE', '', 'one of another device', () => keyPackageOf(bench, other)],
    [
      'NOT_ATTESTED',
      'ATTESTATION_MISSING',
      'one without attestation',
      () => keyPackageOf(bench, alice.name, { authority: 'none' }),
    ],
    [
      'NOT_ATTESTED',
      'ATTESTATION_OTHER_DEVICE',
      'one with the attestation of another device',
      () => keyPackageOf(bench, alice.name, { attestedDevice: other }),
    ],
    [
      'NOT_ATTESTED',
      'ATTESTATION_BAD_SIGNATURE',
      'one that somebody else attested',
      async () => keyPackageOf(bench, alice.name, { authority: await createAuthority() }),
    ],
    [
      'LIFETIME',
      'EXPIRED',
      'one that has expired',
      () => keyPackageOf(bench, alice.name, { notAfter: NOW_SECONDS - 1n }),
    ],
    [
      'LIFETIME',
      'EXPIRED',
      'one that is not valid yet',
      () => keyPackageOf(bench, alice.name, { notBefore: NOW_SECONDS + 1n }),
    ],
    [
      'LIFETIME',
      'TOO_LONG',
      'one that lives too long',
      () =>
        keyPackageOf(bench, alice.name, { notBefore: NOW_SECONDS, notAfter: NOW_SECONDS + 30n * DAY + 1n }),
    ],
  ];

  it.each(cases)('refuses with %s %s: %s', async (reason, detail, _, make) => {
    expect(await publish(await make())).toEqual(rejected(reason, detail));
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    expect(await publish(await keyPackageOf(bench, alice.name))).toMatchObject({ $case: 'stored' });
  });

  it.each([0, 101])('refuses a batch of %i', async (count) => {
    const keyPackages = Array.from({ length: count }, () => ({
      keyPackage: new Uint8Array(),
      lastResort: false,
    }));
    const failure = await failureOf(alice.call('publishKeyPackages', { keyPackages }));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map(({ field }) => field)).toEqual(['key_packages']);
  });

  it('refuses every KeyPackage that is cut off or has a flipped bit anywhere, and stores none', async () => {
    const keyPackage = await keyPackageOf(bench, alice.name);
    const broken = Array.from({ length: keyPackage.length }, (_, at) => {
      const flipped = Uint8Array.from(keyPackage);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      return [keyPackage.subarray(0, at), flipped];
    }).flat();
    for (let from = 0; from < broken.length; from += 100) {
      const keyPackages = broken
        .slice(from, from + 100)
        .map((bytes) => ({ keyPackage: bytes, lastResort: false }));
      const { results } = await alice.call('publishKeyPackages', { keyPackages });
      expect(new Set(results.map(({ result }) => result?.$case))).toEqual(new Set(['rejected']));
    }
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
  });
});

function flipLast(bytes: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  return flipped;
}

describe('what one device publishes', () => {
  it('is limited: what is replaced or withdrawn at once leaves its trace in the store all the same', async () => {
    const rates = { CANOPY_PUBLISHED_PER_DEVICE_BURST: '100', CANOPY_PUBLISHED_PER_DEVICE_PER_HOUR: '3600' };
    const limited = await startBench({ environment: rates });
    const [owner, other] = [await limited.device('alice'), await limited.device('bob')];
    const keyPackages: { keyPackage: Uint8Array; lastResort: boolean }[] = [];
    for (let i = 0; i < 30; i += 1)
      keyPackages.push({ keyPackage: await keyPackageOf(limited, owner.name), lastResort: true });
    for (let i = 0; i < 3; i += 1) await owner.call('publishKeyPackages', { keyPackages });
    const failure = await failureOf(owner.call('publishKeyPackages', { keyPackages }));
    expect([failure.code, failure.metadata, failure.retryAfterMs]).toEqual([
      'RESOURCE_EXHAUSTED',
      { limit: 'KeyPackages published by one device', value: '100' },
      20_000,
    ]);
    expect((await owner.call('countKeyPackages', {})).counts).toMatchObject([{ lastResort: true }]);
    await stock(limited, other, 30);
    limited.clock.advance(20_000);
    await owner.call('publishKeyPackages', { keyPackages });
    expect(limited.incidents).toEqual([]);
    await limited.close();
  });
});
