import { callUnary } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  bearerOf,
  enrol,
  failureOf,
  NOW,
  startBench,
  tokenOf,
  type Bench,
  type TestDevice,
  firstPage,
} from '../bench.ts';

let bench: Bench;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  bench = await startBench();
  alice = await enrol(bench);
  bob = await enrol(bench, { userName: 'bob' });
});

afterEach(async () => {
  await bench.close();
  expect(bench.incidents).toEqual([]);
});

describe('the devices of a user', () => {
  it('are listed with key, time and whether they are revoked', async () => {
    bench.clock.advance(5_000);
    const second = await enrol(bench, { cipherSuite: 2 });
    const metadata = bearerOf(await tokenOf(bench, alice));
    await callUnary(bench.client, 'revokeDevice', { device: second.enrolled.device }, { metadata });
    const { devices } = await callUnary(bench.client, 'listDevices', firstPage(alice.enrolled.user), {
      metadata,
    });
    expect(
      devices.map((each) => ({ ...each, signaturePublicKey: Uint8Array.from(each.signaturePublicKey) })),
    ).toEqual([
      {
        device: alice.enrolled.device,
        signaturePublicKey: alice.keys.publicKey,
        enrolledAtUnixMs: BigInt(NOW),
        revoked: false,
        cipherSuite: 1,
        keySinceUnixMs: BigInt(NOW),
        revokedAtUnixMs: 0n,
      },
      {
        device: second.enrolled.device,
        signaturePublicKey: second.keys.publicKey,
        enrolledAtUnixMs: BigInt(NOW + 5_000),
        revoked: true,
        cipherSuite: 2,
        keySinceUnixMs: BigInt(NOW + 5_000),
        revokedAtUnixMs: BigInt(NOW + 5_000),
      },
    ]);
  });

  it('come page by page, each once', async () => {
    const names = [alice.enrolled.device];
    for (let i = 0; i < 4; i++) names.push((await enrol(bench)).enrolled.device);
    const metadata = bearerOf(await tokenOf(bench, alice));
    const found: string[][] = [];
    let pageToken = '';
    do {
      const request = { user: alice.enrolled.user, pageSize: 2, pageToken };
      const page = await callUnary(bench.client, 'listDevices', request, { metadata });
      found.push(page.devices.map(({ device }) => device));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(found.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(found.flat()).toEqual(names);
    const whole = { user: alice.enrolled.user, pageSize: 5, pageToken: '' };
    expect((await callUnary(bench.client, 'listDevices', whole, { metadata })).nextPageToken).toBe('');
    const foreign = { ...whole, pageToken: bob.enrolled.device };
    expect((await callUnary(bench.client, 'listDevices', foreign, { metadata })).devices).toEqual([]);
  });

  it('are shown to and revoked by nobody else', async () => {
    const metadata = bearerOf(await tokenOf(bench, alice));
    const calls = [
      callUnary(bench.client, 'listDevices', firstPage(bob.enrolled.user), { metadata }),
      callUnary(bench.client, 'listDevices', firstPage('mimi://example.com/u/nobody'), { metadata }),
      callUnary(bench.client, 'revokeDevice', { device: bob.enrolled.device }, { metadata }),
    ];
    for (const call of calls) {
      const failure = await failureOf(call);
      expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'OTHER_USER']);
    }
    await expect(tokenOf(bench, bob)).resolves.not.toBe('');
  });
});

describe('revoking a device', () => {
  it('tells the first time again when it is repeated, and is recorded once', async () => {
    const second = await enrol(bench);
    const metadata = bearerOf(await tokenOf(bench, alice));
    const request = { device: second.enrolled.device };
    const revoked = { $case: 'revoked', value: { revokedAtUnixMs: BigInt(NOW) } };
    expect((await callUnary(bench.client, 'revokeDevice', request, { metadata })).result).toEqual(revoked);
    bench.clock.advance(60_000);
    expect((await callUnary(bench.client, 'revokeDevice', request, { metadata })).result).toEqual(revoked);
    const records = await bench.store.registry.readAudit(0n, 100);
    const events = records
      .map(({ entry }) => Buffer.from(entry).toString())
      .filter((text) => text.includes('revoked'));
    expect(events).toEqual([
      JSON.stringify({
        event: 'device-revoked',
        device: request.device,
        by: alice.enrolled.device,
        atMs: NOW,
      }),
    ]);
  });

  it('says when there is no such device', async () => {
    const metadata = bearerOf(await tokenOf(bench, alice));
    const request = { device: 'mimi://example.com/d/alice/abcdefgh' };
    const { result } = await callUnary(bench.client, 'revokeDevice', request, { metadata });
    expect(result?.$case).toBe('notFound');
  });

  it('ends the tokens of the device at this service at once', async () => {
    const metadata = bearerOf(await tokenOf(bench, alice));
    await callUnary(bench.client, 'revokeDevice', { device: alice.enrolled.device }, { metadata });
    const failure = await failureOf(
      callUnary(bench.client, 'listDevices', firstPage(alice.enrolled.user), { metadata }),
    );
    expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_NOT_AUTHENTICATED']);
  });
});
