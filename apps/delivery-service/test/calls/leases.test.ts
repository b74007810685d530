import { setImmediate } from 'node:timers/promises';
import type { delivery } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench, ROOMY, type Bench, type Device } from '../bench.ts';
import { random, TestGroup, type CommitOptions } from '../group.ts';
import { Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;
let reader: Reader;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
  reader = new Reader(alice);
});

afterEach(async () => {
  reader.stream.cancel();
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function lease(epoch: bigint): Promise<void> {
  await reader.stream.send(group.subscribeRequest(epoch));
}

/** Sends a message without a proof, and gives its request id. */
async function send(
  epoch: bigint,
  options: { readonly requestId?: Uint8Array; readonly mlsMessage?: Uint8Array } = {},
): Promise<Uint8Array> {
  const requestId = options.requestId ?? random(16);
  const request = { message: group.messageBody(epoch, { ...options, requestId }), proof: undefined };
  await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
  return requestId;
}

async function commit(epoch: bigint, options: CommitOptions = {}): Promise<void> {
  const bundle = group.bundle(epoch, options);
  const request = { bundle, proof: undefined, ticket: new Uint8Array() };
  await reader.stream.send({ request: { $case: 'submitCommit', value: { request } } });
}

async function sendAnswer(): Promise<delivery.SendMessageAnswer> {
  return (await reader.until('sendAnswer')).value;
}

type Result = NonNullable<delivery.SendMessageResponse['result']>;

async function sendResult(): Promise<Result | undefined> {
  return (await sendAnswer()).response?.result;
}

async function commitResult(): Promise<unknown> {
  return (await reader.until('commitAnswer')).value.response?.result;
}

function rejected(reason: string): unknown {
  return {
    $case: 'rejected',
    value: expect.objectContaining({ reason: `SUBMISSION_REJECTION_REASON_${reason}` }),
  };
}

const accepted = (sequence: bigint, alreadyAccepted = false): unknown => ({
  $case: 'accepted',
  value: { sequence, alreadyAccepted },
});

async function bodies(): Promise<readonly string[]> {
  const page = { groupId: group.id, afterSequence: 0n, limit: 1000, maxBytes: 10_000_000 };
  const entries = await bench.store.groupLog.read(page);
  return entries.map(({ message }) => Buffer.from(message).toString('hex'));
}

describe('a lease', () => {
  it('speaks for messages and commits without a proof of their own', async () => {
    await lease(0n);
    const requestId = await send(0n);
    expect(await sendAnswer()).toEqual({ requestId, response: { result: accepted(1n) } });
    await send(0n, { requestId, mlsMessage: random(9) });
    expect(await sendResult()).toEqual(rejected('MALFORMED'));
    await commit(0n);
    expect(await commitResult()).toMatchObject({ $case: 'accepted', value: { sequence: 2n } });
    await lease(1n);
    await send(1n);
    expect(await sendResult()).toEqual(accepted(3n));
  });

  it('is needed: without one, after unsubscribing, and for a later epoch the answer says so', async () => {
    await send(0n);
    expect(await sendResult()).toEqual(rejected('LEASE_MISSING'));
    await commit(0n);
    expect(await commitResult()).toEqual(rejected('LEASE_MISSING'));
    await lease(0n);
    await send(1n);
    expect(await sendResult()).toEqual(rejected('LEASE_MISSING'));
    await commit(1n);
    expect(await commitResult()).toEqual(rejected('LEASE_MISSING'));
    const unsubscribe = { $case: 'unsubscribe', value: { groupId: group.id } } as const;
    await reader.stream.send({ request: unsubscribe });
    await send(0n);
    expect(await sendResult()).toEqual(rejected('LEASE_MISSING'));
    expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ epoch: 0n, lastSequence: 0n });
    await lease(0n);
    await send(0n);
    expect(await sendResult()).toEqual(accepted(1n));
  });

  it('of one group does not speak for another one', async () => {
    await lease(0n);
    const other = new TestGroup();
    await other.create(alice);
    const request = { message: other.messageBody(0n), proof: undefined };
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
    expect(await sendResult()).toEqual(rejected('LEASE_MISSING'));
    expect(await bench.store.groupLog.findGroup(other.id)).toMatchObject({ lastSequence: 0n });
  });

  it('that has ended gives a conflict, whose entries the topic brings, for a member and for one that was removed', async () => {
    await lease(0n);
    await reader.until('live');
    await group.commit(alice, 0n);
    await send(0n);
    expect(await sendResult()).toMatchObject({
      $case: 'conflict',
      value: { currentEpoch: 1n, entries: [], complete: false },
    });
    await commit(0n);
    expect(await commitResult()).toMatchObject({
      $case: 'conflict',
      value: { currentEpoch: 1n, entries: [], complete: false },
    });
    await send(1n);
    expect(await sendResult()).toEqual(rejected('LEASE_MISSING'));
    expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ lastSequence: 1n });
    await lease(1n);
    // A late message of the epoch before is taken from a member of the current one.
    await send(0n);
    expect(await sendResult()).toEqual(accepted(2n));
  });

  it('keeps the order of a group over messages, commits and messages again, whatever waits for what', async () => {
    await lease(0n);
    const sent: string[] = [];
    const body = (kind: ContentType, epoch: bigint): Uint8Array => {
      const bytes = group.privateMessage(kind, epoch);
      sent.push(Buffer.from(bytes).toString('hex'));
      return bytes;
    };
    for (let round = 0; round < 50; round += 1) {
      await send(0n, { mlsMessage: body(ContentType.application, 0n) });
    }
    await commit(0n, { commit: body(ContentType.commit, 0n) });
    await reader.until('commitAnswer');
    await lease(1n);
    for (let round = 0; round < 50; round += 1) {
      await send(1n, { mlsMessage: body(ContentType.application, 1n) });
    }
    const proven = group.messageRequest(1n, { mlsMessage: body(ContentType.application, 1n) });
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request: proven } } });
    for (let round = 0; round < 50; round += 1) {
      await send(1n, { mlsMessage: body(ContentType.application, 1n) });
    }
    const last = await send(1n, { mlsMessage: body(ContentType.application, 1n) });
    while (!Buffer.from((await sendAnswer()).requestId).equals(last)) continue;
    expect(await bodies()).toEqual(sent);
  });

  it('acknowledges the mailbox without an answer, after what came before it', async () => {
    const acknowledge = { $case: 'acknowledgeMailbox', value: { upToSequence: 1n } } as const;
    const { mailbox } = bench.store;
    const entry = { groupId: group.id, groupSequence: 1n, welcome: random(9), epoch: 1n, tree: undefined };
    await mailbox.deliver({ device: alice.name, ...entry }, ROOMY);
    await mailbox.deliver({ device: alice.name, ...entry, groupSequence: 2n }, ROOMY);
    await reader.stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
    expect((await reader.until('mailboxLive')).seen).toEqual([1n, 2n]);
    await reader.stream.send({ request: acknowledge });
    const left = async (): Promise<readonly bigint[]> => {
      const entries = await mailbox.read({ device: alice.name, afterSequence: 0n, limit: 9, maxBytes: 99 });
      return entries.map(({ sequence }) => sequence);
    };
    while ((await left()).includes(1n)) await setImmediate();
    expect(await left()).toEqual([2n]);
  });
});
