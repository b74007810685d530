import { callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  ADMIN_SECRET,
  auditEvents,
  bearerOf,
  challengeFor,
  enrol,
  enrolmentRequest,
  EnrolmentRefusalReason,
  failureOf,
  newCode,
  refusalOf,
  renewalRequest,
  rotationRequest,
  startBench,
  tokenOf,
  type Bench,
  type DeviceKeys,
  type TestDevice,
} from '../bench.ts';

const DAY = 86_400_000;
const suite = getCipherSuite(1);

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

function newKeys(): DeviceKeys {
  return { suite, keys: suite.signature.generateKeyPair() };
}

async function renew(): Promise<void> {
  await callUnary(bench.client, 'renewCredential', await renewalRequest(bench, alice));
}

/** Gives a device another key; the old one is named by the revocation list. */
async function rotate(device: TestDevice): Promise<TestDevice> {
  const next = newKeys();
  const request = { ...(await rotationRequest(bench, device, next)), revokeCurrentKey: true };
  const { result } = await callUnary(bench.client, 'rotateCredential', request);
  expect(result?.$case).toBe('device');
  return { ...device, ...next };
}

async function revokedNames(): Promise<readonly string[]> {
  const names = await bench.store.registry.revokedNames({ nowMs: bench.clock.now(), limit: 1_000 });
  return names.map(({ name }) => name);
}

async function limitOf(call: Promise<unknown>): Promise<string | undefined> {
  const { code, reason, metadata, retryAfterMs } = await failureOf(call);
  expect([code, reason]).toEqual(['RESOURCE_EXHAUSTED', 'LIMIT_EXCEEDED']);
  expect(retryAfterMs).toBeGreaterThan(0);
  return `${metadata['limit']}: ${metadata['value']}`;
}

async function revoke(device: string): Promise<void> {
  await callUnary(bench.admin, 'revokeDevice', { device }, { metadata: bearerOf(ADMIN_SECRET) });
}

/** Revokes the device between the check of its proof and what comes then. */
function revokeInBetween(): void {
  const { registry } = bench.store;
  const find = registry.findDevice.bind(registry);
  jest.spyOn(registry, 'findDevice').mockImplementationOnce(async (device) => {
    const found = await find(device);
    await revoke(device);
    return found;
  });
}

const audited = async () => (await auditEvents(bench)).map(({ event }) => event);

describe('the credentials of one device', () => {
  it('are renewed ten times a day, and what is too much changes nothing', async () => {
    for (let i = 0; i < 10; i++) await renew();
    const before = await auditEvents(bench);
    expect(await limitOf(renew())).toBe('credentials of one device a day: 10');
    expect(await auditEvents(bench)).toEqual(before);
    expect(await tokenOf(bench, alice)).not.toBe('');
    bench.clock.advance(DAY / 10);
    await renew();
    await limitOf(renew());
  });

  it('are rotated ten times a day, so that nobody fills the revocation list', async () => {
    let device = alice;
    for (let i = 0; i < 10; i++) device = await rotate(device);
    const [names, events] = [await revokedNames(), await auditEvents(bench)];
    expect(names).toHaveLength(10);
    expect(await limitOf(rotate(device))).toBe('credentials of one device a day: 10');
    expect([await revokedNames(), await auditEvents(bench)]).toEqual([names, events]);
    expect(await tokenOf(bench, device)).not.toBe('');
    bench.clock.advance(DAY);
    await rotate(device);
  });

  it('do not count for another device, but the revoked keys of all devices of a user count together', async () => {
    const [other, bob] = [await enrol(bench), await enrol(bench, { userName: 'bob' })];
    let device = alice;
    for (let i = 0; i < 10; i++) device = await rotate(device);
    expect(await limitOf(rotate(other))).toBe('revoked keys of one user a day: 10');
    await rotate(bob);
    expect(await revokedNames()).toHaveLength(11);
    const request = await rotationRequest(bench, other, newKeys());
    expect((await callUnary(bench.client, 'rotateCredential', request)).result?.$case).toBe('device');
  });

  it('count when a lost answer is asked for again', async () => {
    for (let i = 0; i < 10; i++) await callUnary(bench.client, 'completeEnrolment', alice.request);
    const before = await auditEvents(bench);
    await limitOf(callUnary(bench.client, 'completeEnrolment', alice.request));
    expect(await auditEvents(bench)).toEqual(before);
  });
});

describe('the challenges for one code', () => {
  it('are ten a minute, and the code stays good', async () => {
    const code = await newCode(bench);
    for (let i = 0; i < 10; i++) await challengeFor(bench, code);
    const request = { evidence: { $case: 'enrolmentCode' as const, value: code } };
    expect(await limitOf(callUnary(bench.client, 'beginEnrolment', request))).toBe(
      'challenges for one enrolment a minute: 10',
    );
    bench.clock.advance(6_000);
    const enrolment = enrolmentRequest(code, await challengeFor(bench, code), newKeys());
    expect(await refusalOf(bench, enrolment)).toBe('accepted');
  });
});

describe('a device that is revoked while it is being served', () => {
  it('gets no renewed credentials', async () => {
    const request = await renewalRequest(bench, alice);
    revokeInBetween();
    const { reason } = await failureOf(callUnary(bench.client, 'renewCredential', request));
    expect(reason).toBe('DEVICE_NOT_AUTHENTICATED');
    expect(await audited()).toEqual(['enrolment-code-created', 'device-enrolled', 'device-revoked']);
  });

  it('does not get those of its enrolment again', async () => {
    await revoke(alice.enrolled.device);
    expect(await refusalOf(bench, alice.request)).toBe(EnrolmentRefusalReason.CODE_USED);
    expect(await audited()).toEqual(['enrolment-code-created', 'device-enrolled', 'device-revoked']);
  });
});
