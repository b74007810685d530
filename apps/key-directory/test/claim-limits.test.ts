import type { directory } from '@canopy/contract';
import { openSqlite } from '@canopy/storage';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readDirectoryConfig } from '../src/config.ts';
import { deviceOf } from './authority.ts';
import { claimFrom, failureOf, startBench, stock, wordOf, type Bench, type Device } from './bench.ts';

let bench: Bench;

async function start(environment: NodeJS.ProcessEnv): Promise<void> {
  bench = await startBench({ environment });
}

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const PAIR = {
  CANOPY_CLAIMS_PER_CALLER_AND_DEVICE_BURST: '3',
  CANOPY_CLAIMS_PER_CALLER_AND_DEVICE_PER_HOUR: '60',
};
const ALL = { CANOPY_CLAIMS_PER_DEVICE_BURST: '4', CANOPY_CLAIMS_PER_DEVICE_PER_HOUR: '60' };

async function claim(by: Device, devices: readonly string[]): Promise<readonly directory.DeviceClaim[]> {
  return (await by.call('claimKeyPackages', claimFrom({ devices: [...devices] }))).devices;
}

describe('claims of one caller from one device', () => {
  it('are limited, however many request ids the caller makes up: its stock is not drained [R16.8-03]', async () => {
    await start(PAIR);
    const [alice, mallory] = [await bench.device('alice'), await bench.device('mallory')];
    await stock(bench, alice, 10);
    await stock(bench, alice, 1, { lastResort: true });
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => claim(mallory, [alice.name])));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([
      { singleUse: 7, lastResortUses: 0 },
    ]);
    const failure = await failureOf(claim(mallory, [alice.name]));
    expect([failure.code, failure.reason, failure.metadata, failure.retryAfterMs]).toEqual([
      'RESOURCE_EXHAUSTED',
      'LIMIT_EXCEEDED',
      { limit: 'claims by one caller from one device', value: '3' },
      60_000,
    ]);
    // Others are not touched by it, and the caller itself is served again when it was told to come back.
    expect((await claim(await bench.device('bob'), [alice.name])).map(wordOf)[0]).toMatch(/^[0-9a-f]{100}/);
    bench.clock.advance(60_000);
    expect((await claim(mallory, [alice.name])).map(wordOf)[0]).toMatch(/^[0-9a-f]{100}/);
    expect((await failureOf(claim(mallory, [alice.name]))).code).toBe('RESOURCE_EXHAUSTED');
  });

  it('do not keep other devices out of the same claim: the one that is limited says when, and keeps its last resort', async () => {
    await start(PAIR);
    const [alice, bob, carol] = [
      await bench.device('alice'),
      await bench.device('bob'),
      await bench.device('carol'),
    ];
    await stock(bench, alice, 9);
    await stock(bench, bob, 9);
    for (let i = 0; i < 3; i += 1) await claim(carol, [alice.name]);
    const answers = await claim(carol, [alice.name, bob.name]);
    const [ofAlice, ofBob] = [alice, bob].map(({ name }) => answers.find(({ device }) => device === name));
    expect(ofAlice?.result).toEqual({
      $case: 'nothing',
      value: { reason: 'NOTHING_TO_CLAIM_REASON_LIMITED', retryAfterMs: 60_000n },
    });
    expect(ofBob?.result?.$case).toBe('claimed');
    await stock(bench, alice, 1, { lastResort: true });
    const later = await claim(carol, [alice.name, bob.name]);
    const last = later.find(({ device }) => device === alice.name);
    expect(last?.result).toMatchObject({ value: { reason: 'NOTHING_TO_CLAIM_REASON_LIMITED' } });
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([
      { singleUse: 6, lastResortUses: 0 },
    ]);
  });

  it('do not use up the last resort, however many other devices the caller makes up beside it', async () => {
    await start(PAIR);
    const [alice, mallory] = [await bench.device('alice'), await bench.device('mallory')];
    await stock(bench, alice, 1, { lastResort: true });
    for (let i = 0; i < 20; i += 1) await claim(mallory, [alice.name, deviceOf('mallory', `made0up${i}`)]);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ lastResortUses: 3 }]);
    const all = { afterSequence: 0n, pageSize: 0 };
    expect((await alice.call('listConsumptions', all)).consumptions).toHaveLength(3);
    const [ofAlice] = await claim(await bench.device('bob'), [alice.name]);
    expect(ofAlice?.result).toMatchObject({ $case: 'claimed', value: { lastResort: true } });
  });

  it('are counted together for all devices of a user: a second device has no second share', async () => {
    await start(PAIR);
    const alice = await bench.device('alice');
    await stock(bench, alice, 9);
    const devices = await Promise.all(['one', 'two', 'three'].map((id) => bench.device('mallory', id)));
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, () => devices.map((device) => claim(device, [alice.name]))).flat(),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 6 }]);
  });

  it('cost nothing when they are repeated, and a repeat is served although the limit is reached', async () => {
    await start(PAIR);
    const [alice, bob] = [await bench.device('alice'), await bench.device('bob')];
    await stock(bench, alice, 9);
    const first = claimFrom({ devices: [alice.name] });
    const answer = await bob.call('claimKeyPackages', first);
    for (let i = 0; i < 10; i += 1) expect(await bob.call('claimKeyPackages', first)).toEqual(answer);
    await claim(bob, [alice.name]);
    await claim(bob, [alice.name]);
    expect((await failureOf(claim(bob, [alice.name]))).code).toBe('RESOURCE_EXHAUSTED');
    expect(await bob.call('claimKeyPackages', first)).toEqual(answer);
  });
});

describe('claims of all from one device', () => {
  it('leave only the last resort when there are too many of them, whoever makes them', async () => {
    await start(ALL);
    const alice = await bench.device('alice');
    await stock(bench, alice, 9);
    const words: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const [word = ''] = (await claim(await bench.device(`mallory${i}`), [alice.name])).map(wordOf);
      words.push(word.length > 20 ? 'claimed' : word);
    }
    expect(words).toEqual([...Array<string>(4).fill('claimed'), 'LIMITED', 'LIMITED']);
    await stock(bench, alice, 1, { lastResort: true });
    const [resort] = await claim(await bench.device('bob'), [alice.name]);
    expect(resort?.result).toMatchObject({ $case: 'claimed', value: { lastResort: true } });
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 5 }]);
    bench.clock.advance(60_000);
    const [later] = await claim(await bench.device('bob'), [alice.name]);
    expect(later?.result).toMatchObject({ $case: 'claimed', value: { lastResort: false } });
  });

  it('are not used up by somebody who is refused for its own claims', async () => {
    await start({ ...PAIR, ...ALL });
    const [alice, mallory] = [await bench.device('alice'), await bench.device('mallory')];
    await stock(bench, alice, 9);
    for (let i = 0; i < 50; i += 1) await claim(mallory, [alice.name]).catch(() => undefined);
    const [last] = await claim(await bench.device('bob'), [alice.name]);
    expect(last?.result).toMatchObject({ $case: 'claimed' });
  });
});

describe('claims of one caller', () => {
  it('are limited by the number of devices, over all replicas', async () => {
    const rates = { CANOPY_CLAIMS_PER_CALLER_BURST: '6', CANOPY_CLAIMS_PER_CALLER_PER_HOUR: '3600' };
    const environment = { ...rates, CANOPY_MAX_CLAIM_DEVICES: '3', CANOPY_MAX_CLAIM_NAMES: '3' };
    const store = openSqlite(':memory:');
    const other = await startBench({ store, environment });
    bench = await startBench({ store, environment, authority: other.authority });
    const names = ['a', 'b', 'c'].map((name) => deviceOf(name));
    await claim(await bench.device('mallory'), names);
    await claim(await bench.device('mallory'), names.slice(0, 2));
    const failure = await failureOf(claim(await other.device('mallory'), names));
    expect([failure.code, failure.metadata, failure.retryAfterMs]).toEqual([
      'RESOURCE_EXHAUSTED',
      { limit: 'devices claimed by one caller', value: '6' },
      2_000,
    ]);
    const second = await other.device('mallory', 'another');
    expect((await failureOf(claim(second, names))).code).toBe('RESOURCE_EXHAUSTED');
    expect(await claim(await other.device('mallory'), names.slice(0, 1))).toHaveLength(1);
    expect(await claim(await other.device('bob'), names)).toHaveLength(3);
    await other.close();
  });

  it('count users who have no device, too: nobody tries out names without end', async () => {
    const rates = { CANOPY_CLAIMS_PER_CALLER_BURST: '4', CANOPY_CLAIMS_PER_CALLER_PER_HOUR: '3600' };
    await start({ ...rates, CANOPY_MAX_CLAIM_DEVICES: '1', CANOPY_MAX_CLAIM_NAMES: '3' });
    const mallory = await bench.device('mallory');
    const users = ['a', 'b', 'c'].map((name) => `mimi://example.com/u/${name}`);
    expect((await mallory.call('claimKeyPackages', claimFrom({ users }))).unknownUsers).toHaveLength(3);
    expect(await failureOf(mallory.call('claimKeyPackages', claimFrom({ users })))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      metadata: { limit: 'devices claimed by one caller' },
    });
  });

  it('are far from the default limits when a big conversation is made', async () => {
    await start({});
    const bob = await bench.device('bob');
    for (let part = 0; part < 25; part += 1) {
      const names = Array.from({ length: 100 }, (_, i) => deviceOf(`member${part}x${i}`));
      expect(await claim(bob, names)).toHaveLength(100);
    }
    // And the same member into many conversations one after the other.
    const alice = await bench.device('alice');
    await stock(bench, alice, 20);
    for (let i = 0; i < 15; i += 1) {
      const [ofAlice] = await claim(bob, [alice.name]);
      expect(ofAlice?.result).toMatchObject({ $case: 'claimed', value: { lastResort: false } });
    }
    // What a device keeps in stock by default is not emptied by one caller.
    expect((await failureOf(claim(bob, [alice.name]))).code).toBe('RESOURCE_EXHAUSTED');
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 5 }]);
  });

  it('must allow for the largest claim', () => {
    const environment = {
      CANOPY_DOMAIN: 'example.com',
      CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:1',
      CANOPY_DATA: '/nowhere',
      CANOPY_CLAIMS_PER_CALLER_BURST: '299',
    };
    expect(() => readDirectoryConfig(environment)).toThrow('together 300, are more than');
  });
});
