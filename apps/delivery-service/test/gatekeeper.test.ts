import { delivery } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failureOf, NOW, startBench, type Bench, type Device } from './bench.ts';
import { random, TestGroup, type ProofOptions } from './group.ts';
import { ping, Reader } from './reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;
const stranger = new TestGroup();

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
  await group.send(alice, 0n);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const MINUTES = 60_000;

interface Try {
  readonly of?: TestGroup;
  readonly epoch?: bigint;
  readonly options?: ProofOptions;
  readonly without?: boolean;
}

/** Every call about a group, with the same thing wrong about its proof. */
function tries(wrong: Try): Record<string, () => Promise<unknown>> {
  const prove = (method: string, body: Uint8Array): { proof: delivery.EpochProof | undefined } => {
    const proof = (wrong.of ?? group).proof(method, body, wrong.epoch ?? 0n, {
      groupId: group.id,
      ...wrong.options,
    });
    return { proof: wrong.without === true ? undefined : proof };
  };
  const ticket = new Uint8Array();
  const [bundle, message, query] = [group.bundle(0n), group.messageBody(0n), group.query()];
  const expiresAtUnixMs = BigInt(NOW + MINUTES);
  const newTicket = delivery.Ticket.encode({
    groupId: group.id,
    tokenHash: random(32),
    expiresAtUnixMs,
  }).finish();
  return {
    submitCommit: () => alice.call('submitCommit', { bundle, ticket, ...prove('SubmitCommit', bundle) }),
    sendMessage: () => alice.call('sendMessage', { message, ...prove('SendMessage', message) }),
    readGroup: () => alice.call('readGroup', { query, ...prove('ReadGroup', query) }),
    getGroupInfo: () => alice.call('getGroupInfo', { query, ticket, ...prove('GetGroupInfo', query) }),
    createTicket: () =>
      alice.call('createTicket', { ticket: newTicket, ...prove('CreateTicket', newTicket) }),
    subscribe: () => refusalOfTopic({ query, ...prove('Subscribe', query) }),
  };
}

async function refusalOfTopic(value: delivery.SubscribeGroup, device = alice): Promise<string> {
  const stream = device.stream();
  await stream.send({ request: { $case: 'group', value } });
  for await (const { response } of stream.responses) {
    return response?.$case === 'refused' ? response.value.reason : `no refusal but ${response?.$case}`;
  }
  return 'the end';
}

async function expectRefusal(wrong: Try, reason: string): Promise<void> {
  for (const [method, attempt] of Object.entries(tries(wrong))) {
    if (method === 'subscribe') {
      expect(await attempt()).toBe(reason);
    } else {
      const failure = await failureOf(attempt());
      expect([method, failure.code, failure.reason]).toEqual([method, 'PERMISSION_DENIED', reason]);
    }
  }
  expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ epoch: 0n, lastSequence: 1n });
}

describe('a proof', () => {
  it('opens every call when it is good', async () => {
    const { subscribe, submitCommit, ...others } = tries({});
    for (const attempt of Object.values(others)) await expect(attempt()).resolves.toBeDefined();
    expect(await subscribe?.()).toBe('no refusal but entries');
    await expect(submitCommit?.()).resolves.toMatchObject({ result: { $case: 'accepted' } });
  });

  it.each<[string, string, () => Try]>([
    ['PROOF_MISSING', 'is missing', () => ({ without: true })],
    ['PROOF_INVALID', 'is signed by the key of another group', () => ({ of: stranger })],
    ['PROOF_INVALID', 'names an epoch that does not exist yet', () => ({ epoch: 1n })],
    ['PROOF_INVALID', 'names an epoch that cannot exist', () => ({ epoch: 2n ** 64n - 1n })],
    ['PROOF_INVALID', 'speaks of another group', () => ({ options: { groupId: stranger.id } })],
    ['PROOF_INVALID', 'is for another method', () => ({ options: { method: 'CreateGroup' } })],
    ['PROOF_INVALID', 'is over another body', () => ({ options: { body: random(10) } })],
    ['PROOF_INVALID', 'has an empty signature', () => ({ options: { signature: new Uint8Array() } })],
    ['PROOF_INVALID', 'has a signature of noise', () => ({ options: { signature: random(64) } })],
    ['PROOF_STALE', 'is too old', () => ({ options: { timeUnixMs: NOW - 2 * MINUTES - 1 } })],
    ['PROOF_STALE', 'is of the future', () => ({ options: { timeUnixMs: NOW + 2 * MINUTES + 1 } })],
  ])('gives %s everywhere when it %s, and nothing is stored', async (reason, _, wrong) => {
    await expectRefusal(wrong(), reason);
  });

  it('counts at the very borders of its time', async () => {
    for (const timeUnixMs of [NOW - 2 * MINUTES, NOW + 2 * MINUTES]) {
      await expect(tries({ options: { timeUnixMs } })['readGroup']?.()).resolves.toBeDefined();
    }
  });

  it('is worth nothing when its time was changed after it was signed', async () => {
    const request = group.readRequest(0n);
    const proof = { ...group.proof('ReadGroup', request.query, 0n), timeUnixMs: BigInt(NOW + 1) };
    expect((await failureOf(alice.call('readGroup', { ...request, proof }))).reason).toBe('PROOF_INVALID');
  });

  it('for one method opens no other', async () => {
    const query = group.query();
    const proof = group.proof('ReadGroup', query, 0n);
    expect(
      (await failureOf(alice.call('getGroupInfo', { query, proof, ticket: new Uint8Array() }))).reason,
    ).toBe('PROOF_INVALID');
    expect(await refusalOfTopic({ query, proof })).toBe('PROOF_INVALID');
  });

  it('over a query that names its device opens nothing to another one that has overheard it', async () => {
    const query = group.query(0n, 0, alice.name);
    const proof = (method: string): delivery.EpochProof => group.proof(method, query, 0n);
    const read = { query, proof: proof('ReadGroup') };
    const find = { query, proof: proof('GetGroupInfo'), ticket: new Uint8Array() };
    const mallory = await bench.device('mallory');
    expect((await failureOf(mallory.call('readGroup', read))).reason).toBe('PROOF_INVALID');
    expect((await failureOf(mallory.call('getGroupInfo', find))).reason).toBe('PROOF_INVALID');
    expect(await refusalOfTopic({ query, proof: proof('Subscribe') }, mallory)).toBe('PROOF_INVALID');
    await expect(alice.call('readGroup', read)).resolves.toBeDefined();
    await expect(alice.call('getGroupInfo', find)).resolves.toBeDefined();
    expect(await refusalOfTopic({ query, proof: proof('Subscribe') })).toBe('no refusal but entries');
  });

  it('does not tell whether a group exists', async () => {
    const known = await failureOf(
      alice.call('readGroup', {
        ...group.readRequest(0n),
        proof: stranger.proof('ReadGroup', group.query(), 0n),
      }),
    );
    const unknown = await failureOf(alice.call('readGroup', stranger.readRequest(0n)));
    const seen = ({ code, reason, message, metadata }: typeof known): unknown => ({
      code,
      reason,
      message,
      metadata,
    });
    expect(seen(unknown)).toEqual(seen(known));
  });
});

describe('a removed member, who has the key of an epoch that is over', () => {
  beforeEach(async () => {
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
  });

  it('reads up to the commit that removed it and nothing later, by call and by stream', async () => {
    expect(await group.readAll(alice, 0n)).toEqual([1n, 2n]);
    const stream = alice.stream();
    await stream.send(group.subscribeRequest(0n));
    const seen: bigint[] = [];
    for await (const { response } of stream.responses) {
      if (response?.$case === 'entries') seen.push(...response.value.entries.map(({ sequence }) => sequence));
      if (response?.$case === 'leaseEnded') break;
    }
    expect(seen).toEqual([1n, 2n]);
  });

  it('cannot step over the end of its lease by moving its cursor, on a lease that is over nor on one that was live', async () => {
    group = new TestGroup();
    await group.create(alice);
    const reader = new Reader(alice);
    await reader.stream.send(group.subscribeRequest(0n));
    await reader.until('live');
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
    await group.send(alice, 1n);
    // Again and again, while the service pushes: at the end, behind it, and far ahead of the log.
    for (const cursor of [1n, 2n, 3n, 40n]) {
      await reader.stream.send(group.subscribeRequest(0n, cursor));
      await reader.stream.send(ping(cursor));
      const { seen } = await reader.until('pong');
      expect(seen.filter((sequence) => sequence > 1n)).toEqual([]);
    }
    const late = new Reader(alice);
    for (const cursor of [1n, 2n, 3n, 40n]) {
      await late.stream.send(group.subscribeRequest(0n, cursor));
      await late.stream.send(ping(cursor));
      expect((await late.until('pong')).seen.filter((sequence) => sequence > 0n)).toEqual([]);
    }
    await group.commit(alice, 1n);
    await late.stream.send(ping(0n));
    expect((await late.until('pong')).seen.filter((sequence) => sequence > 0n)).toEqual([]);
    reader.stream.cancel();
    late.stream.cancel();
  });

  it('writes nothing: no commit, no proposal, no message, of whatever epoch it says they are', async () => {
    expect((await alice.call('submitCommit', group.commitRequest(0n))).result?.$case).toBe('conflict');
    expect((await alice.call('sendMessage', group.messageRequest(0n))).result?.$case).toBe('conflict');
    const ahead = { proofEpoch: 0n };
    expect((await failureOf(alice.call('submitCommit', group.commitRequest(1n, ahead)))).reason).toBe(
      'PROOF_WRONG_EPOCH',
    );
    expect((await failureOf(alice.call('sendMessage', group.messageRequest(1n, ahead)))).reason).toBe(
      'PROOF_WRONG_EPOCH',
    );
    expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ epoch: 1n, lastSequence: 3n });
  });
});

describe('a commit that is accepted while a removed member is reading', () => {
  it('lets nothing of the next epoch through', async () => {
    const { groupLog } = bench.store;
    const read = groupLog.read.bind(groupLog);
    let isFirst = true;
    Object.defineProperty(groupLog, 'read', {
      value: async (query: Parameters<typeof read>[0]) => {
        if (isFirst) {
          isFirst = false;
          await group.commit(alice, 0n);
          await group.send(alice, 1n);
        }
        return read(query);
      },
    });
    expect((await group.readAll(alice, 0n)).every((sequence) => sequence <= 2n)).toBe(true);
    expect(await group.readAll(alice, 0n)).toEqual([1n, 2n]);
    expect(await group.readAll(alice, 1n)).toEqual([1n, 2n, 3n]);
  });
});
