import { rmSync } from 'node:fs';
import { callUnary } from '@canopy/contract';
import {
  createIdentityProvider,
  attestationExtension,
  deviceCredential,
  parseJwks,
  RevocationLists,
} from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN_SECRET,
  auditEvents,
  bearerOf,
  DOMAIN,
  enrol,
  failureOf,
  firstPage,
  newFolder,
  NOW,
  rotationRequest,
  startBench,
  tokenOf,
  type Bench,
  type TestDevice,
} from '../bench.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let bench: Bench;
let alice: TestDevice;
let lists: RevocationLists;

const seconds = (): bigint => BigInt(Math.floor(bench.clock.now() / 1000));

beforeEach(async () => {
  bench = await startBench();
  alice = await enrol(bench);
  // As others do, it asks for keys that it does not know: they are rotated in these stories.
  const keyFor = async (kid: string) =>
    (await parseJwks((await callUnary(bench.client, 'getJwks', {})).jwksJson)).keyFor(kid);
  lists = new RevocationLists({ domain: DOMAIN, keys: { keyFor }, now: seconds });
});

afterEach(async () => {
  await bench.close();
  expect(bench.incidents).toEqual([]);
});

/** Asks as another service does, and takes what it gets. */
async function poll(knownNumber: bigint): Promise<bigint> {
  const { result } = await callUnary(bench.client, 'getRevocationList', { knownNumber });
  if (result?.$case !== 'list') return knownNumber;
  expect(await lists.accept(result.value.jwt)).toMatchObject({ valid: true });
  expect(BigInt((await lists.current())?.number ?? 0)).toBe(result.value.number);
  return result.value.number;
}

async function revoke(device: string): Promise<void> {
  await callUnary(bench.admin, 'revokeDevice', { device }, { metadata: bearerOf(ADMIN_SECRET) });
}

describe('the revocation list', () => {
  it('is there from the start, and is not sent again to who has it', async () => {
    const number = await poll(0n);
    expect(number).toBeGreaterThan(0n);
    expect((await lists.current())?.revokesDevice(alice.enrolled.device)).toBe(false);
    const { result } = await callUnary(bench.client, 'getRevocationList', { knownNumber: number });
    expect(result).toEqual({ $case: 'unchanged', value: {} });
  });

  it('names a revoked device at once, in a list with a higher number', async () => {
    const first = await poll(0n);
    await revoke(alice.enrolled.device);
    const second = await poll(first);
    expect(second).toBeGreaterThan(first);
    expect((await lists.current())?.revokesDevice(alice.enrolled.device)).toBe(true);
    expect(await poll(second)).toBe(second);
  });

  it('makes validators refuse the device, and nobody else', async () => {
    const bob = await enrol(bench, { userName: 'bob' });
    await revoke(alice.enrolled.device);
    await poll(0n);
    const { jwksJson } = await callUnary(bench.client, 'getJwks', {});
    const revocation = { source: lists, stale: 'refuse' } as const;
    const keys = await parseJwks(jwksJson);
    const judge = createIdentityProvider({ domain: DOMAIN, keys, clock: bench.clock, revocation });
    const verdictOf = ({ enrolled, keys: { publicKey } }: TestDevice) =>
      judge.validateCredential({
        credential: deviceCredential(enrolled.device),
        signatureKey: publicKey,
        extensions: [attestationExtension(enrolled.attestation)],
      });
    expect(await verdictOf(alice)).toEqual({ valid: false, reason: 'DEVICE_REVOKED' });
    expect(await verdictOf(bob)).toEqual({ valid: true });
  });

  it('is made anew after half of its life, although nothing has changed', async () => {
    const first = await poll(0n);
    bench.clock.advance(HOUR / 2 - 1);
    expect(await poll(first)).toBe(first);
    bench.clock.advance(1);
    const second = await poll(first);
    expect(second).toBeGreaterThan(first);
    expect((await lists.current())?.nextUpdate).toBe(seconds() + 3_600n);
  });

  it('names a device until nothing that was issued for it holds, and then no more', async () => {
    await revoke(alice.enrolled.device);
    bench.clock.advance(365 * DAY);
    await poll(0n);
    expect((await lists.current())?.revokesDevice(alice.enrolled.device)).toBe(true);
    bench.clock.advance(DAY);
    await poll(0n);
    expect((await lists.current())?.revokesDevice(alice.enrolled.device)).toBe(false);
    expect((await failureOf(tokenOf(bench, alice))).code).toBe('UNAUTHENTICATED');
  });

  it.each(['device', 'key'])(
    'names a %s for as long as what was issued before a lifetime was lowered',
    async (kind) => {
      const folder = newFolder();
      const before = await startBench({ folder });
      const bob = await enrol(before, { userName: 'bob' });
      await before.close();
      const environment = { CANOPY_ATTESTATION_LIFETIME: '1h', CANOPY_X509_LIFETIME: '1h' };
      const after = await startBench({ folder, environment });
      const { device } = bob.enrolled;
      const next = { suite: bob.suite, keys: bob.suite.signature.generateKeyPair() };
      if (kind === 'device')
        await callUnary(after.admin, 'revokeDevice', { device }, { metadata: bearerOf(ADMIN_SECRET) });
      else {
        const request = { ...(await rotationRequest(after, bob, next)), revokeCurrentKey: true };
        await callUnary(after.client, 'rotateCredential', request);
      }
      const named = async (nowMs: number) =>
        (await after.store.registry.revokedNames({ nowMs, limit: 9 })).length;
      expect(await named(Number(bob.enrolled.attestationExpiresAtUnixMs))).toBe(1);
      expect(await named(Number(bob.enrolled.attestationExpiresAtUnixMs) + DAY)).toBe(0);
      await after.close();
      rmSync(folder, { recursive: true });
    },
  );

  it('is the same from all that ask at the same time', async () => {
    await revoke(alice.enrolled.device);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => callUnary(bench.client, 'getRevocationList', { knownNumber: 0n })),
    );
    const jwts = answers.map(({ result }) => (result?.$case === 'list' ? result.value.jwt : ''));
    expect(new Set(jwts).size).toBe(1);
  });
});

describe('the administrator', () => {
  const metadata = bearerOf(ADMIN_SECRET);

  it('revokes a device of any user, which is recorded, and hears when there is none', async () => {
    const { device } = alice.enrolled;
    const revoked = await callUnary(bench.admin, 'revokeDevice', { device }, { metadata });
    expect(revoked.result).toEqual({ $case: 'revoked', value: { revokedAtUnixMs: BigInt(NOW) } });
    expect(await callUnary(bench.admin, 'revokeDevice', { device }, { metadata })).toEqual(revoked);
    const events = (await auditEvents(bench)).filter(({ event }) => event === 'device-revoked');
    expect(events).toEqual([{ event: 'device-revoked', device, by: 'administrator', atMs: NOW }]);
    const nobody = { device: 'mimi://example.com/d/alice/abcdefgh' };
    expect((await callUnary(bench.admin, 'revokeDevice', nobody, { metadata })).result?.$case).toBe(
      'notFound',
    );
    expect((await failureOf(tokenOf(bench, alice))).code).toBe('UNAUTHENTICATED');
  });

  it('lists the devices of any user', async () => {
    const { devices } = await callUnary(bench.admin, 'listDevices', firstPage(alice.enrolled.user), {
      metadata,
    });
    expect(devices.map(({ device }) => device)).toEqual([alice.enrolled.device]);
  });

  it('has to show the secret for each of this', async () => {
    const token = bearerOf(await tokenOf(bench, alice));
    const before = bench.storeHash();
    const { device, user } = alice.enrolled;
    for (const options of [{}, { metadata: token }, { metadata: bearerOf('wrong') }]) {
      const calls = [
        callUnary(bench.admin, 'revokeDevice', { device }, options),
        callUnary(bench.admin, 'listDevices', firstPage(user), options),
        callUnary(bench.admin, 'readAudit', { afterSequence: 0n, limit: 0 }, options),
      ];
      for (const call of calls) {
        const { code, reason } = await failureOf(call);
        expect([code, reason]).toEqual(['UNAUTHENTICATED', 'ADMINISTRATOR_NOT_AUTHENTICATED']);
      }
    }
    expect(bench.storeHash()).toBe(before);
  });
});
