import { callUnary } from '@canopy/contract';
import { nameOfSignatureKey } from '@canopy/identity';
import { openSqlite } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, deviceOf } from './authority.ts';
import {
  claimFrom,
  failureOf,
  keyPackageOf,
  newSignatureKey,
  NOW,
  startBench,
  stock,
  wordOf,
  type Bench,
  type Device,
} from './bench.ts';

/** Of a KeyPackage that is handed out after all others. */
const LATER = { notAfter: BigInt(NOW / 1000) + 172_800n, attestationMs: 172_800_000 };

const USER = 'mimi://example.com/u/alice';

let bench: Bench;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device('alice');
  bob = await bench.device('bob');
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function claim(names: { users?: string[]; devices?: string[] }, by = bob): Promise<readonly string[]> {
  const { devices } = await by.call('claimKeyPackages', claimFrom(names));
  return devices.map(wordOf);
}

describe('a revoked device', () => {
  it('gets nothing but a refusal from the moment that the list is taken', async () => {
    const watch = alice.watch();
    await watch.send({ request: { $case: 'ping', value: { token: 1n } } });
    const responses = watch.responses[Symbol.asyncIterator]();
    await responses.next();
    await stock(bench, alice, 1);
    expect((await bench.revoke({ devices: [alice.name] })).valid).toBe(true);
    const keyPackage = await keyPackageOf(bench, alice.name);
    const refused = { code: 'UNAUTHENTICATED', reason: 'DEVICE_REVOKED' };
    const uploads = { keyPackages: [{ keyPackage, lastResort: false }] };
    expect(await failureOf(alice.call('publishKeyPackages', uploads))).toMatchObject(refused);
    expect(await failureOf(alice.call('claimKeyPackages', claimFrom({ devices: [bob.name] })))).toMatchObject(
      refused,
    );
    expect(await failureOf(alice.call('countKeyPackages', {}))).toMatchObject(refused);
    // A stream that was open before ends, too.
    expect(await failureOf(Promise.resolve(responses.next()))).toMatchObject(refused);
    await stock(bench, bob, 1);
    expect(await claim({ devices: [bob.name] }, await bench.device('carol'))).toHaveLength(1);
  });

  it('has its stock withdrawn: nothing of it is handed out, not even again', async () => {
    await stock(bench, alice, 2);
    await stock(bench, alice, 1, { lastResort: true });
    const phone = await bench.device('alice', 'phone001');
    const [left] = await stock(bench, phone, 1);
    const earlier = claimFrom({ devices: [alice.name] });
    expect((await bob.call('claimKeyPackages', earlier)).devices.map(wordOf)).not.toEqual(['REVOKED']);
    await bench.revoke({ devices: [alice.name] });
    expect(await bench.store.singleUseStock.count(alice.name, NOW)).toEqual([]);
    expect((await bob.call('claimKeyPackages', earlier)).devices.map(wordOf)).toEqual(['REVOKED']);
    expect(await claim({ devices: [alice.name] })).toEqual(['REVOKED']);
    // The user's other devices are still there.
    expect(await claim({ users: [USER] })).toEqual([Buffer.from(left ?? []).toString('hex')]);
  });

  it('is not handed out by a replica either that has not read the list yet', async () => {
    const store = openSqlite(':memory:');
    const [early, late] = [
      await startBench({ store, authority: bench.authority }),
      await startBench({ store, authority: bench.authority }),
    ];
    const lateAlice = await late.device('alice');
    await stock(late, lateAlice, 1);
    await early.revoke({ devices: [alice.name] });
    const answer = await (
      await late.device('bob')
    ).call('claimKeyPackages', claimFrom({ devices: [alice.name] }));
    expect(answer.devices.map(wordOf)).toEqual(['REVOKED']);
    const keyPackages = [{ keyPackage: await keyPackageOf(late, alice.name), lastResort: false }];
    expect(await failureOf(lateAlice.call('publishKeyPackages', { keyPackages }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'DEVICE_REVOKED',
    });
    await late.close();
    await early.close();
  });

  it('stays without stock when it was revoked before its first KeyPackage came through a replica that was late', async () => {
    const store = openSqlite(':memory:');
    const [early, late] = [
      await startBench({ store, authority: bench.authority }),
      await startBench({ store, authority: bench.authority }),
    ];
    await early.revoke({ devices: [alice.name] });
    await stock(late, await late.device('alice'), 1);
    const request = claimFrom({ devices: [alice.name] });
    const answer = await (await early.device('bob')).call('claimKeyPackages', request);
    expect(answer.devices.map(wordOf)).toEqual(['REVOKED']);
    await late.revoke({ devices: [alice.name] });
    expect(await store.singleUseStock.count(alice.name, NOW)).toEqual([]);
    await late.close();
    await early.close();
  });
});

describe('a revoked key', () => {
  it('takes the KeyPackages under it along, and leaves those under the new one', async () => {
    const [before, after] = [newSignatureKey(), newSignatureKey()];
    await stock(bench, alice, 2, { signatureKeyPair: before });
    await stock(bench, alice, 1, { signatureKeyPair: before, lastResort: true });
    const [good] = await stock(bench, alice, 1, { ...LATER, signatureKeyPair: after });
    await bench.revoke({ keys: [nameOfSignatureKey(before.publicKey)] });
    expect(await claim({ devices: [alice.name] })).toEqual([Buffer.from(good ?? []).toString('hex')]);
    expect(await claim({ devices: [alice.name] })).toEqual(['EXHAUSTED']);
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    const keyPackage = await keyPackageOf(bench, alice.name, { signatureKeyPair: before });
    const uploads = { keyPackages: [{ keyPackage, lastResort: false }] };
    expect((await alice.call('publishKeyPackages', uploads)).results[0]?.result).toMatchObject({
      $case: 'rejected',
      value: { reason: 'KEY_PACKAGE_REJECTION_REASON_NOT_ATTESTED', detail: 'KEY_REVOKED' },
    });
  });
});

describe('a token that was made for a key', () => {
  const refused = { code: 'UNAUTHENTICATED', reason: 'KEY_REVOKED' };

  it('counts no longer once the key is revoked, also on a stream that is open; a token for the new key does', async () => {
    const [before, after] = [newSignatureKey(), newSignatureKey()];
    const thief = await bench.device('alice', 'device01', { signatureKey: before.publicKey });
    const owner = await bench.device('alice', 'device01', { signatureKey: after.publicKey });
    const watch = thief.watch();
    await watch.send({ request: { $case: 'ping', value: { token: 1n } } });
    const responses = watch.responses[Symbol.asyncIterator]();
    await responses.next();
    await stock(bench, owner, 2, { signatureKeyPair: after });
    await stock(bench, bob, 1);
    await bench.revoke({ keys: [nameOfSignatureKey(before.publicKey)] });
    const uploads = {
      keyPackages: [{ keyPackage: await keyPackageOf(bench, alice.name), lastResort: false }],
    };
    for (const attempt of [
      thief.call('withdrawKeyPackages', { keepSignatureKey: new Uint8Array() }),
      thief.call('publishKeyPackages', uploads),
      thief.call('claimKeyPackages', claimFrom({ devices: [bob.name] })),
      thief.call('countKeyPackages', {}),
      thief.call('listConsumptions', { afterSequence: 0n, pageSize: 0 }),
      responses.next(),
    ])
      expect(await failureOf(attempt)).toMatchObject(refused);
    expect((await owner.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 2 }]);
    expect((await bob.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
    expect(await claim({ devices: [bob.name] }, owner)).toEqual([expect.stringMatching(/^[0-9a-f]{100}/)]);
  });
});

describe('several revoked keys', () => {
  it('do not hide what is good behind them', async () => {
    const keys = Array.from({ length: 5 }, () => newSignatureKey());
    for (const signatureKeyPair of keys) await stock(bench, alice, 2, { signatureKeyPair });
    const [good] = await stock(bench, alice, 1, LATER);
    await bench.revoke({ keys: keys.map(({ publicKey }) => nameOfSignatureKey(publicKey)) });
    const request = claimFrom({ devices: [alice.name] });
    const answer = await bob.call('claimKeyPackages', request);
    expect(answer.devices.map(wordOf)).toEqual([Buffer.from(good ?? []).toString('hex')]);
    expect(await bob.call('claimKeyPackages', request)).toEqual(answer);
  });
});

describe('the revocation list', () => {
  it('must be there and current before anybody is served; then all goes on', async () => {
    const other = await startBench({ authority: bench.authority, withoutList: true });
    const [owner, claimer] = [await other.device('alice'), await other.device('bob')];
    const keyPackage = await keyPackageOf(other, owner.name);
    const publish = (): Promise<unknown> =>
      owner.call('publishKeyPackages', { keyPackages: [{ keyPackage, lastResort: false }] });
    const take = (): Promise<unknown> =>
      claimer.call('claimKeyPackages', claimFrom({ devices: [owner.name] }));
    const refused = { code: 'UNAVAILABLE', reason: 'DEPENDENCY_UNAVAILABLE', retryAfterMs: 5_000 };
    expect(await failureOf(publish())).toMatchObject(refused);
    expect(await failureOf(take())).toMatchObject(refused);
    const keepSignatureKey = new Uint8Array();
    const others: readonly (() => Promise<unknown>)[] = [
      () => owner.call('countKeyPackages', {}),
      () => owner.call('withdrawKeyPackages', { keepSignatureKey }),
      () => owner.call('listConsumptions', { afterSequence: 0n, pageSize: 0 }),
      () => owner.watch().responses[Symbol.asyncIterator]().next(),
    ];
    for (const call of others) expect(await failureOf(call())).toMatchObject(refused);
    const nextUpdate = BigInt(NOW / 1000) + 60n;
    await other.revoke({ nextUpdate });
    await publish();
    other.clock.advance(59_999);
    await take();
    other.clock.advance(1);
    expect(await failureOf(publish())).toMatchObject(refused);
    expect(await failureOf(take())).toMatchObject(refused);
    for (const call of others) expect(await failureOf(call())).toMatchObject(refused);
    await other.revoke({});
    expect((await owner.call('countKeyPackages', {})).counts).toEqual([]);
    await publish();
    await take();
    expect(other.incidents).toEqual([]);
    await other.close();
  });

  it('is refused when somebody else signed it, or when it is older: the newer one stays in force', async () => {
    await bench.revoke({ devices: [alice.name] });
    const [forged, old] = [
      await (await createAuthority()).list(9, NOW),
      await bench.authority.list(1, NOW, { devices: [bob.name] }),
    ];
    expect(await bench.accept(forged)).toEqual({ valid: false, reason: 'REVOCATION_LIST_BAD_SIGNATURE' });
    expect(await bench.accept(old)).toEqual({ valid: false, reason: 'REVOCATION_LIST_ROLLED_BACK' });
    expect((await failureOf(alice.call('countKeyPackages', {}))).reason).toBe('DEVICE_REVOKED');
    expect((await bob.call('countKeyPackages', {})).counts).toEqual([]);
  });

  it('is obeyed at once although the store fails, and the withdrawals are made up for with the same list', async () => {
    const store = openSqlite(':memory:');
    let broken = true;
    const singleUseStock = new Proxy(store.singleUseStock, {
      get(target, name) {
        if (name === 'withdraw' && broken) return () => Promise.reject(new Error('the store is away'));
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const life = { isHealthy: () => store.isHealthy(), close: () => store.close() };
    const other = await startBench({
      authority: bench.authority,
      store: { singleUseStock, rateLimits: store.rateLimits, ...life },
    });
    const owner = await other.device('alice');
    await stock(other, owner, 1);
    const list = await bench.authority.list(7, NOW, { devices: [owner.name, deviceOf('nobody')] });
    await expect(other.accept(list)).rejects.toThrow('the store is away');
    const take = claimFrom({ devices: [owner.name] });
    expect((await (await other.device('bob')).call('claimKeyPackages', take)).devices.map(wordOf)).toEqual([
      'REVOKED',
    ]);
    expect(await store.singleUseStock.count(owner.name, NOW)).toHaveLength(1);
    broken = false;
    expect((await other.accept(list)).valid).toBe(true);
    expect(await store.singleUseStock.count(owner.name, NOW)).toEqual([]);
    await other.close();
  });
});

describe('a credential that is over', () => {
  it('takes its KeyPackages along although their own lifetime is not over', async () => {
    const keyPackages = [await keyPackageOf(bench, alice.name, { attestationMs: 60_000 })];
    const [good] = await stock(bench, alice, 1);
    const uploads = keyPackages.map((keyPackage) => ({ keyPackage, lastResort: false }));
    await callUnary(
      bench.client,
      'publishKeyPackages',
      { keyPackages: uploads },
      { metadata: alice.metadata },
    );
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 2 }]);
    bench.clock.advance(60_000);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
    expect(await claim({ devices: [alice.name] })).toEqual([Buffer.from(good ?? []).toString('hex')]);
    expect(await claim({ devices: [alice.name] })).toEqual(['EXHAUSTED']);
  });
});

describe('a key of the authentication service that was withdrawn', () => {
  it('takes along what was attested with it, but not what a key attested that is too new to be known here', async () => {
    const store = openSqlite(':memory:');
    const before = await startBench({ store, authority: await createAuthority('withdrawn') });
    const owner = await before.device('alice');
    await stock(before, owner, 3);
    await stock(before, owner, 1, { lastResort: true });
    const after = await startBench({ store, authority: await createAuthority('next') });
    const take = async (): Promise<readonly string[]> => {
      const by = await after.device('bob');
      const { devices } = await by.call('claimKeyPackages', claimFrom({ devices: [owner.name] }));
      return devices.map(wordOf);
    };
    expect(await take()).toEqual([expect.stringMatching(/^[0-9a-f]{100}/)]);
    after.clock.advance(61_000);
    expect(await take()).toEqual(['EXHAUSTED']);
    expect(await store.singleUseStock.count(owner.name, NOW)).toEqual([]);
    const [good] = await stock(after, await after.device('alice'), 1);
    expect(await take()).toEqual([Buffer.from(good ?? []).toString('hex')]);
    await after.close();
    await before.close();
  });
});
