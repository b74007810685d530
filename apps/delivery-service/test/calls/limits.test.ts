import type { delivery } from '@canopy/contract';
import { afterEach, describe, expect, it } from '@jest/globals';
import { deviceOf } from '../authority.ts';
import { failureOf, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup, welcomeFor } from '../group.ts';
import { Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

async function start(environment: NodeJS.ProcessEnv): Promise<void> {
  bench = await startBench({ environment });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
}

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const lastSequence = async (): Promise<bigint | undefined> =>
  (await bench.store.groupLog.findGroup(group.id))?.lastSequence;

async function sendUntilRefused(device: Device): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      await group.send(device, 0n);
    } catch {
      return count;
    }
  }
}

function invite(count: number): Promise<delivery.SubmitCommitResponse> {
  const refs = Array.from({ length: count }, () => random(32));
  const recipients = refs.map((keyPackageRef, i) => ({ keyPackageRef, device: deviceOf(`joiner${i}`) }));
  return alice.call('submitCommit', group.commitRequest(0n, { welcome: welcomeFor(refs), recipients }));
}

describe('requests per second', () => {
  it('of a device: ten seconds of them at once, then an error that names limit, value and when to come back', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '2', CANOPY_REQUESTS_PER_GROUP: '0' });
    // One was used up by opening the group.
    expect(await sendUntilRefused(alice)).toBe(19);
    const failure = await failureOf(alice.call('sendMessage', group.messageRequest(0n)));
    expect([failure.code, failure.reason, failure.metadata]).toEqual([
      'RESOURCE_EXHAUSTED',
      'LIMIT_EXCEEDED',
      { limit: 'CANOPY_REQUESTS_PER_DEVICE', value: '2' },
    ]);
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(await lastSequence()).toBe(19n);
    // Others are not touched, and after a while it goes on.
    const bob = await bench.device('bob');
    await group.send(bob, 0n);
    bench.clock.advance(1_000);
    await group.send(alice, 0n);
    await group.send(alice, 0n);
    expect(await sendUntilRefused(alice)).toBe(0);
  });

  it('of a group: counted for its members only', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '0', CANOPY_REQUESTS_PER_GROUP: '1' });
    const outsider = await bench.device('mallory');
    for (let count = 0; count < 30; count += 1) {
      const message = group.messageBody(0n);
      const proof = new TestGroup().proof('SendMessage', message, 0n);
      const failure = await failureOf(outsider.call('sendMessage', { message, proof }));
      expect(failure.reason).toBe('PROOF_INVALID');
    }
    expect(await sendUntilRefused(alice)).toBe(10);
    const bob = await bench.device('bob');
    const calls: readonly Promise<unknown>[] = [
      bob.call('sendMessage', group.messageRequest(0n)),
      bob.call('submitCommit', group.commitRequest(0n)),
      bob.call('readGroup', group.readRequest(0n)),
    ];
    for (const call of calls) {
      const failure = await failureOf(call);
      expect([failure.code, failure.metadata]).toEqual([
        'RESOURCE_EXHAUSTED',
        { limit: 'CANOPY_REQUESTS_PER_GROUP', value: '1' },
      ]);
    }
    expect(await lastSequence()).toBe(10n);
    // Another group has its own.
    group = new TestGroup();
    await group.create(alice);
    await group.send(alice, 0n);
  });

  it('of a device: a commit counts as many as it adds, and adds nobody when that is too many', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '2', CANOPY_REQUESTS_PER_GROUP: '0' });
    for (let count = 0; count < 8; count += 1) await group.send(alice, 0n);
    const failure = await failureOf(invite(12));
    expect([failure.code, failure.metadata]).toEqual([
      'RESOURCE_EXHAUSTED',
      { limit: 'CANOPY_REQUESTS_PER_DEVICE', value: '2' },
    ]);
    expect(await lastSequence()).toBe(8n);
    bench.clock.advance(failure.retryAfterMs ?? 0);
    expect(await invite(12)).toMatchObject({ result: { $case: 'accepted', value: { sequence: 9n } } });
  });

  it('on a stream: the answer says so by its request id, and the stream goes on', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '0', CANOPY_REQUESTS_PER_GROUP: '1' });
    const reader = new Reader(alice);
    await reader.stream.send(group.subscribeRequest(0n));
    await reader.until('live');
    const send = async (): Promise<delivery.SendMessageAnswer> => {
      const request = { message: group.messageBody(0n), proof: undefined };
      await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
      return (await reader.until('sendAnswer')).value;
    };
    for (let count = 0; count < 9; count += 1) {
      expect((await send()).response?.result?.$case).toBe('accepted');
    }
    const limited = {
      $case: 'limited',
      value: { limit: 'CANOPY_REQUESTS_PER_GROUP', value: 1n, retryAfterMs: expect.anything() },
    };
    expect((await send()).response?.result).toEqual(limited);
    const request = { bundle: group.bundle(0n), proof: undefined, ticket: new Uint8Array() };
    await reader.stream.send({ request: { $case: 'submitCommit', value: { request } } });
    expect((await reader.until('commitAnswer')).value.response?.result).toEqual(limited);
    expect(await lastSequence()).toBe(9n);
    bench.clock.advance(1_000);
    expect((await send()).response?.result?.$case).toBe('accepted');
    reader.stream.cancel();
  });

  it('of a device on a stream: submissions and subscriptions are told, and nothing is stored', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '1', CANOPY_REQUESTS_PER_GROUP: '0' });
    const reader = new Reader(alice);
    // One request was opening the group.
    for (let count = 1; count < 10; count += 1) await reader.stream.send(group.subscribeRequest(0n));
    await reader.until('live');
    const requestId = random(16);
    const request = { message: group.messageBody(0n, { requestId }), proof: undefined };
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
    const limit = { limit: 'CANOPY_REQUESTS_PER_DEVICE', value: 1n, retryAfterMs: expect.anything() };
    expect((await reader.until('sendAnswer')).value).toEqual({
      requestId,
      response: { result: { $case: 'limited', value: limit } },
    });
    await reader.stream.send(group.subscribeRequest(0n));
    expect((await reader.until('refused')).value).toEqual({
      groupId: group.id,
      reason: 'LIMIT_EXCEEDED',
      limit,
    });
    expect(await lastSequence()).toBe(0n);
    reader.stream.cancel();
  });
});

describe('what is too large', () => {
  it('names the setting and its value', async () => {
    await start({ CANOPY_MAX_MLS_MESSAGE_BYTES: '1024', CANOPY_MAX_BUNDLE_BYTES: '2048' });
    const message = group.messageRequest(0n, { mlsMessage: random(1_025) });
    expect((await alice.call('sendMessage', message)).result).toMatchObject({
      $case: 'rejected',
      value: { detail: 'CANOPY_MAX_MLS_MESSAGE_BYTES: a message has at most 1024 bytes' },
    });
    const commit = group.commitRequest(0n, { ratchetTree: random(2_048) });
    expect((await alice.call('submitCommit', commit)).result).toMatchObject({
      $case: 'rejected',
      value: { detail: 'CANOPY_MAX_BUNDLE_BYTES: a bundle has at most 2048 bytes' },
    });
    const failure = await failureOf(
      alice.call('createGroup', {
        groupId: random(16),
        cipherSuite: 1,
        accessKey: group.key(0n).publicKey,
        groupInfo: random(2_049),
        ratchetTree: new Uint8Array(),
      }),
    );
    expect(failure.metadata).toEqual({ limit: 'CANOPY_MAX_BUNDLE_BYTES', value: '2048' });
    expect(await lastSequence()).toBe(0n);
  });
});
