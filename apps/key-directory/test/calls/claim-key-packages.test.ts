import { randomBytes } from 'node:crypto';
import type { directory } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceOf } from '../authority.ts';
import { claimFrom, failureOf, NOW, startBench, stock, wordOf, type Bench, type Device } from '../bench.ts';

let bench: Bench;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  bench = await startBench({ environment: { CANOPY_MAX_CLAIM_NAMES: '4', CANOPY_MAX_CLAIM_DEVICES: '3' } });
  alice = await bench.device('alice');
  bob = await bench.device('bob');
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const user = (name: string): string => `mimi://example.com/u/${name}`;

type Required = directory.RequiredCapabilities;

function required(extensionTypes: number[], more: Partial<Required> = {}): Required {
  return { extensionTypes, proposalTypes: [], credentialTypes: [], ...more };
}

async function claim(
  options: Partial<directory.ClaimKeyPackagesRequest>,
  who = bob,
): Promise<directory.ClaimKeyPackagesResponse> {
  return who.call('claimKeyPackages', claimFrom(options));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('ClaimKeyPackages', () => {
  it('hands out the bytes that were published, each once [R16.8-01]', async () => {
    const published = await stock(bench, alice, 3);
    const claimed: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { devices } = await claim({ devices: [alice.name] });
      claimed.push(...devices.map((device) => wordOf(device)));
    }
    expect(claimed.toSorted()).toEqual(published.map(hex).toSorted());
    const { devices } = await claim({ devices: [alice.name] });
    expect(devices).toEqual([
      {
        device: alice.name,
        result: {
          $case: 'nothing',
          value: { reason: 'NOTHING_TO_CLAIM_REASON_EXHAUSTED', retryAfterMs: 0n },
        },
      },
    ]);
  });

  it('hands out a KeyPackage once, however many claim at the same time [R16.8-01]', async () => {
    const published = await stock(bench, alice, 20);
    const claimers = [bob, await bench.device('carol'), await bench.device('dave')];
    const answers = await Promise.all(
      claimers.flatMap((who) => Array.from({ length: 10 }, () => claim({ devices: [alice.name] }, who))),
    );
    const claimed = answers.flatMap(({ devices }) => devices.map((device) => wordOf(device)));
    expect(claimed.filter((bytes) => bytes !== 'EXHAUSTED').toSorted()).toEqual(
      published.map(hex).toSorted(),
    );
    expect(claimed.filter((bytes) => bytes === 'EXHAUSTED')).toHaveLength(10);
  });

  it('gives the same again to the same request, and another to another caller with the same id', async () => {
    await stock(bench, alice, 3);
    const request = claimFrom({ devices: [alice.name] });
    const first = await bob.call('claimKeyPackages', request);
    expect(await bob.call('claimKeyPackages', request)).toEqual(first);
    const other = await (await bench.device('carol')).call('claimKeyPackages', request);
    expect(other.devices.map(wordOf)).not.toEqual(first.devices.map(wordOf));
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
    bench.clock.advance(600_001);
    const late = await (await bench.device('bob')).call('claimKeyPackages', request);
    expect(late.devices.map(wordOf)).not.toEqual(first.devices.map(wordOf));
  });

  it('marks the last resort, and hands it out only when nothing else is left, again and again [R16.8-02]', async () => {
    const [resort] = await stock(bench, alice, 1, { lastResort: true });
    await stock(bench, alice, 1);
    const claims = [];
    for (let i = 0; i < 3; i += 1) claims.push(...(await claim({ devices: [alice.name] })).devices);
    expect(claims.map(({ result }) => result?.$case === 'claimed' && result.value.lastResort)).toEqual([
      false,
      true,
      true,
    ]);
    expect(claims.slice(1).map(wordOf)).toEqual([
      hex(resort ?? randomBytes(1)),
      hex(resort ?? randomBytes(1)),
    ]);
  });

  it('answers for every device of a user, also with an empty stock, and lists who has none', async () => {
    const phone = await bench.device('alice', 'phone001');
    await stock(bench, alice, 1);
    await stock(bench, phone, 1);
    await claim({ devices: [phone.name] });
    const nobody = deviceOf('nobody');
    const answer = await claim({ users: [user('alice'), user('nobody')], devices: [nobody, alice.name] });
    expect(answer.unknownUsers).toEqual([user('nobody')]);
    const outcomes = answer.devices.map(({ device, result }) => [
      device,
      result?.$case === 'nothing' ? result.value.reason : result?.$case,
    ]);
    expect(new Map(outcomes.map(([device, outcome]) => [device, outcome]))).toEqual(
      new Map([
        [alice.name, 'claimed'],
        [phone.name, 'NOTHING_TO_CLAIM_REASON_EXHAUSTED'],
        [nobody, 'NOTHING_TO_CLAIM_REASON_UNKNOWN_DEVICE'],
      ]),
    );
    expect(outcomes).toHaveLength(3);
  });

  it('hands out nothing of another suite and nothing that has expired', async () => {
    await stock(bench, alice, 1, { cipherSuite: 2 });
    await stock(bench, alice, 1, { notAfter: BigInt(NOW / 1000) + 60n });
    expect((await claim({ devices: [alice.name], cipherSuite: 3 })).devices[0]?.result?.$case).toBe(
      'nothing',
    );
    bench.clock.advance(60_001);
    bob = await bench.device('bob');
    expect((await claim({ devices: [alice.name] })).devices[0]?.result?.$case).toBe('nothing');
    expect((await claim({ devices: [alice.name], cipherSuite: 2 })).devices[0]?.result?.$case).toBe(
      'claimed',
    );
  });

  it('hands out only what supports all that is required, and says so where nothing does (RFC 9420 §11.1)', async () => {
    await stock(bench, alice, 1);
    const [rich = new Uint8Array()] = await stock(bench, alice, 1, { extensions: [0x77, 0x78] });
    const words = async (...wanted: Parameters<typeof required>): Promise<readonly string[]> => {
      const requiredCapabilities = required(...wanted);
      return (await claim({ devices: [alice.name], requiredCapabilities })).devices.map(wordOf);
    };
    expect(await words([0x79])).toEqual(['NONE_FITS']);
    expect(await words([], { proposalTypes: [0x0008] })).toEqual(['NONE_FITS']);
    expect(await words([], { credentialTypes: [1, 0xf001] })).toEqual(['NONE_FITS']);
    // Types of RFC 9420 itself are supported by everybody, listed or not (§7.2).
    const others = { proposalTypes: [1, 7], credentialTypes: [1] };
    expect(await words([0x78, 3], others)).toEqual([hex(rich)]);
    expect(await words([0x78, 3], others)).toEqual(['NONE_FITS']);
    expect(await words([1, 5], { proposalTypes: [2] })).toHaveLength(1);
    expect(await words([0x78, 3], others)).toEqual(['EXHAUSTED']);
  });

  it('takes another request with the same id for another claim: other suite, requirements or devices', async () => {
    const phone = await bench.device('alice', 'phone001');
    await stock(bench, alice, 3, { extensions: [0x77] });
    await stock(bench, alice, 1, { cipherSuite: 2 });
    await stock(bench, phone, 1);
    const requestId = randomBytes(16);
    const first = (await claim({ requestId, devices: [alice.name] })).devices.map(wordOf);
    const requiredCapabilities = required([0x77]);
    const others = [
      await claim({ requestId, devices: [alice.name], cipherSuite: 2 }),
      await claim({ requestId, devices: [alice.name], requiredCapabilities }),
    ].map(({ devices }) => devices.map(wordOf));
    expect(new Set([first, ...others].flat()).size).toBe(3);
    const more = (await claim({ requestId, devices: [alice.name, phone.name] })).devices.map(wordOf);
    expect(more).toHaveLength(2);
    expect(more).toEqual(expect.arrayContaining(first));
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
  });

  it('takes nothing from anybody when a claim reaches too many devices', async () => {
    for (const id of ['device01', 'device02', 'device03', 'device04']) {
      await stock(bench, await bench.device('alice', id), 1);
    }
    await stock(bench, bob, 1);
    // Who has more devices than a claim may take from is told by its place, so that the others can be claimed without it.
    const failure = await failureOf(claim({ users: [user('bob'), user('alice')] }));
    expect([failure.code, failure.metadata]).toEqual([
      'RESOURCE_EXHAUSTED',
      { limit: 'devices of users[1]', value: '3' },
    ]);
    const devices = ['one', 'two', 'three'].map((name) => deviceOf(name));
    expect((await failureOf(claim({ users: [user('bob')], devices }))).metadata).toEqual({
      limit: 'devices per claim',
      value: '3',
    });
    expect((await bob.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
    expect((await claim({ users: [user('bob')] })).devices).toHaveLength(1);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
  });

  it.each<[string, Partial<directory.ClaimKeyPackagesRequest>]>([
    ['request_id', { requestId: randomBytes(15), users: [user('alice')] }],
    ['request_id', { requestId: new Uint8Array(), users: [user('alice')] }],
    ['cipher_suite', { cipherSuite: 0, users: [user('alice')] }],
    ['cipher_suite', { cipherSuite: 4_294_967_295, users: [user('alice')] }],
    ['users', {}],
    ['users', { users: Array.from({ length: 5 }, (_, i) => user(`user${i}`)) }],
    ['devices', { devices: Array.from({ length: 5 }, (_, i) => deviceOf(`user${i}`)) }],
    ['users[1]', { users: [user('alice'), deviceOf('alice')] }],
    ['devices[0]', { devices: [user('alice')] }],
    ['devices[0]', { devices: [''] }],
    ['users[0]', { users: ['x'.repeat(100_000)] }],
    [
      'required_capabilities.extension_types',
      { users: [user('alice')], requiredCapabilities: required(Array<number>(65).fill(7)) },
    ],
    [
      'required_capabilities.extension_types[1]',
      { users: [user('alice')], requiredCapabilities: required([7, 65_536]) },
    ],
  ])('names the field %s when it does not hold what it must', async (field, options) => {
    await stock(bench, alice, 1);
    const failure = await failureOf(claim(options));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
  });
});

describe('CountKeyPackages', () => {
  it('counts the stock of the calling device per suite', async () => {
    await stock(bench, alice, 2);
    await stock(bench, alice, 1, { cipherSuite: 2 });
    await stock(bench, alice, 1, { cipherSuite: 2, lastResort: true });
    await stock(bench, bob, 1);
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([
      { cipherSuite: 1, singleUse: 2, lastResort: false, lastResortUses: 0 },
      { cipherSuite: 2, singleUse: 1, lastResort: true, lastResortUses: 0 },
    ]);
    expect((await (await bench.device('carol')).call('countKeyPackages', {})).counts).toEqual([]);
  });
});
