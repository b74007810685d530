import { callUnary, type authentication } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { parseJwks, RevocationLists, verifyAttestation, type RevocationList } from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN_SECRET,
  auditEvents,
  bearerOf,
  CredentialRefusalReason,
  enrol,
  failureOf,
  firstPage,
  NOW,
  renewalRequest,
  rotationRequest,
  startBench,
  tokenOf,
  type Bench,
  type DeviceKeys,
  type TestDevice,
} from '../bench.ts';

let bench: Bench;
let alice: TestDevice;

beforeEach(async () => {
  bench = await startBench();
  alice = await enrol(bench);
});

afterEach(async () => {
  await bench.close();
  expect(bench.incidents).toEqual([]);
});

function newKeys(cipherSuite = 1): DeviceKeys {
  const suite = getCipherSuite(cipherSuite);
  return { suite, keys: suite.signature.generateKeyPair() };
}

async function rotate(
  request: authentication.RotateCredentialRequest,
): Promise<authentication.EnrolledDevice> {
  const { result } = await callUnary(bench.client, 'rotateCredential', request);
  if (result?.$case !== 'device') throw new Error('credentials expected', { cause: result });
  return result.value;
}

async function attestedKey(attestation: string): Promise<Uint8Array | undefined> {
  const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
  const check = { domain, keys: await parseJwks(jwksJson), nowMs: bench.clock.now() };
  const verdict = await verifyAttestation(attestation, check);
  return verdict.valid ? verdict.attestation.signatureKey : undefined;
}

async function revocationList(): Promise<RevocationList | undefined> {
  const { result } = await callUnary(bench.client, 'getRevocationList', { knownNumber: 0n });
  if (result?.$case !== 'list') throw new Error('a list expected');
  const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
  const now = (): bigint => BigInt(Math.floor(bench.clock.now() / 1000));
  const lists = new RevocationLists({ domain, keys: await parseJwks(jwksJson), now });
  expect(await lists.accept(result.value.jwt)).toMatchObject({ valid: true });
  return lists.current();
}

const UNAUTHENTICATED = ['UNAUTHENTICATED', 'DEVICE_NOT_AUTHENTICATED'];

async function refusedAs(call: Promise<unknown>): Promise<readonly string[]> {
  const { code, reason } = await failureOf(call);
  return [code, reason];
}

describe('rotating a credential', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('gives the same device another key, of suite %i', async (cipherSuite) => {
    const next = newKeys(cipherSuite);
    bench.clock.advance(5_000);
    const rotated = await rotate(await rotationRequest(bench, alice, next));
    expect([rotated.device, rotated.user]).toEqual([alice.enrolled.device, alice.enrolled.user]);
    expect(await attestedKey(rotated.attestation)).toEqual(next.keys.publicKey);
    const known = await bench.store.registry.findDevice(rotated.device);
    expect(known).toMatchObject({ cipherSuite, enrolledAtMs: NOW, keySinceMs: NOW + 5_000 });
    expect(await tokenOf(bench, { ...alice, ...next })).not.toBe('');
  });

  it('ends the tokens of the old key at once, and gives it no others', async () => {
    const metadata = bearerOf(await tokenOf(bench, alice));
    const list = firstPage(alice.enrolled.user);
    await callUnary(bench.client, 'listDevices', list, { metadata });
    const next = newKeys();
    await rotate(await rotationRequest(bench, alice, next));
    expect(await refusedAs(callUnary(bench.client, 'listDevices', list, { metadata }))).toEqual(
      UNAUTHENTICATED,
    );
    expect(await refusedAs(tokenOf(bench, alice))).toEqual(UNAUTHENTICATED);
    const renewal = await renewalRequest(bench, alice);
    expect(await refusedAs(callUnary(bench.client, 'renewCredential', renewal))).toEqual(UNAUTHENTICATED);
    const fresh = bearerOf(await tokenOf(bench, { ...alice, ...next }));
    const { devices } = await callUnary(bench.client, 'listDevices', list, { metadata: fresh });
    expect(devices.map(({ signaturePublicKey }) => Uint8Array.from(signaturePublicKey))).toEqual([
      next.keys.publicKey,
    ]);
  });

  it('needs both keys and a fresh challenge, and leaves everything as it was otherwise', async () => {
    const [next, other] = [newKeys(), newKeys()];
    const good = await rotationRequest(bench, alice, next);
    const fresh = () => rotationRequest(bench, alice, next);
    const foreign = await rotationRequest(bench, { ...alice, ...other }, next);
    const attempts = [
      { ...(await fresh()), currentSignature: good.currentSignature },
      { ...(await fresh()), signature: good.signature },
      foreign,
      { ...(await fresh()), signaturePublicKey: other.keys.publicKey },
      { ...(await fresh()), device: 'mimi://example.com/d/alice/abcdefgh' },
    ];
    const swapped = await fresh();
    attempts.push({
      ...swapped,
      signature: swapped.currentSignature,
      currentSignature: swapped.signature,
    });
    for (const request of attempts) {
      expect(await refusedAs(callUnary(bench.client, 'rotateCredential', request))).toEqual(UNAUTHENTICATED);
    }
    const known = await bench.store.registry.findDevice(alice.enrolled.device);
    expect(known?.signaturePublicKey).toEqual(alice.keys.publicKey);
    expect((await auditEvents(bench)).map(({ event }) => event)).not.toContain('credential-rotated');
    await rotate(good);
    expect(await refusedAs(callUnary(bench.client, 'rotateCredential', good))).toEqual(UNAUTHENTICATED);
  });

  it('gives the credentials of the new key again, with a new challenge, when the answer was lost', async () => {
    const next = newKeys();
    const first = await rotate(await rotationRequest(bench, alice, next));
    const again = await rotate(await rotationRequest(bench, alice, next));
    expect(again).toEqual(first);
    expect((await auditEvents(bench)).map(({ event }) => event)).toEqual([
      'enrolment-code-created',
      'device-enrolled',
      'credential-rotated',
      'credential-renewed',
    ]);
    const thief = await rotationRequest(bench, alice, next);
    const stolen = { ...thief, signature: (await rotationRequest(bench, alice, newKeys())).signature };
    expect(await refusedAs(callUnary(bench.client, 'rotateCredential', stolen))).toEqual(UNAUTHENTICATED);
  });

  it('does not take a key that a device has or had', async () => {
    const bob = await enrol(bench, { userName: 'bob' });
    const { result } = await callUnary(
      bench.client,
      'rotateCredential',
      await rotationRequest(bench, alice, bob),
    );
    expect(result).toEqual({ $case: 'refusal', value: { reason: CredentialRefusalReason.KEY_IN_USE } });
    const next = newKeys();
    await rotate(await rotationRequest(bench, alice, next));
    const back = await callUnary(
      bench.client,
      'rotateCredential',
      await rotationRequest(bench, { ...alice, ...next }, alice),
    );
    expect(back.result).toEqual({ $case: 'refusal', value: { reason: CredentialRefusalReason.KEY_IN_USE } });
  });

  it('lets one of two rotations at the same time win', async () => {
    const requests = await Promise.all(
      [newKeys(), newKeys()].map((next) => rotationRequest(bench, alice, next)),
    );
    const outcomes = await Promise.all(
      requests.map((request) =>
        callUnary(bench.client, 'rotateCredential', request).then(
          ({ result }) => result?.$case,
          (error: unknown) => String(error),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'device')).toHaveLength(1);
  });

  it('is not for revoked devices', async () => {
    const request = await rotationRequest(bench, alice, newKeys());
    const metadata = bearerOf(ADMIN_SECRET);
    await callUnary(bench.admin, 'revokeDevice', { device: alice.enrolled.device }, { metadata });
    expect(await refusedAs(callUnary(bench.client, 'rotateCredential', request))).toEqual(UNAUTHENTICATED);
  });

  it('puts the old key on the revocation list when it is asked to, and only then', async () => {
    const next = newKeys();
    await rotate(await rotationRequest(bench, alice, next));
    expect((await revocationList())?.revokesKey(alice.keys.publicKey)).toBe(false);
    const third = newKeys();
    const request = await rotationRequest(bench, { ...alice, ...next }, third);
    await rotate({ ...request, revokeCurrentKey: true });
    const list = await revocationList();
    expect([next, third, alice].map(({ keys }) => list?.revokesKey(keys.publicKey))).toEqual([
      true,
      false,
      false,
    ]);
    expect(list?.revokesDevice(alice.enrolled.device)).toBe(false);
  });

  it('is recorded with both keys, by their hashes', async () => {
    await rotate(await rotationRequest(bench, alice, newKeys(2)));
    const [, enrolled, rotated] = await auditEvents(bench);
    expect(rotated).toEqual({
      event: 'credential-rotated',
      device: alice.enrolled.device,
      cipherSuite: 2,
      previousKeyHash: enrolled?.['keyHash'],
      previousKeyRevoked: false,
      keyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      credentials: ['basic'],
      atMs: NOW,
    });
  });
});
