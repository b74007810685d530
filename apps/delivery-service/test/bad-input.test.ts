import { delivery, openStream, readServiceError } from '@canopy/contract';
import { Metadata, type ServiceError as GrpcError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, deviceOf, type TokenClaims } from './authority.ts';
import { allPending, failureOf, NOW, startBench, type Bench, type Device, type Method } from './bench.ts';
import { random, TestGroup } from './group.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
  await group.send(alice, 0n);
});

/** After whatever was sent: nothing is stored, nobody was surprised, and the service goes on. */
afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ epoch: 0n, lastSequence: 1n });
  expect(await allPending(bench.store.groupLog)).toEqual([]);
  expect(await group.send(alice, 0n)).toBe(2n);
  await bench.close();
});

const methods: Record<Method, string> = {
  createGroup: 'CreateGroup',
  submitCommit: 'SubmitCommit',
  sendMessage: 'SendMessage',
  readGroup: 'ReadGroup',
  getGroupInfo: 'GetGroupInfo',
  getRatchetTree: 'GetRatchetTree',
  createTicket: 'CreateTicket',
  reportReceipt: 'ReportReceipt',
  restoreEntries: 'RestoreEntries',
  getReceiptKeys: 'GetReceiptKeys',
  readMailbox: 'ReadMailbox',
  acknowledgeMailbox: 'AcknowledgeMailbox',
};

/** Sends bytes as they are, as no generated client would. */
function sendRaw(method: string, bytes: Buffer, metadata = alice.metadata): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  bench.client.makeUnaryRequest(
    `/canopy.delivery.v1.DeliveryService/${method}`,
    (raw: Buffer) => raw,
    (raw) => raw,
    bytes,
    metadata,
    { deadline: Date.now() + 10_000 },
    (error: GrpcError | null, response?: Buffer) =>
      error === null ? resolve(response) : reject(readServiceError(error)),
  );
  return promise;
}

function good(claims: TokenClaims): Promise<string> {
  return bench.authority.token(deviceOf('alice'), NOW, claims);
}

describe('a token', () => {
  const tokens: readonly [string, () => Promise<string | undefined>][] = [
    ['TOKEN_MISSING', () => Promise.resolve(undefined)],
    ['TOKEN_MALFORMED', () => Promise.resolve('noise')],
    ['TOKEN_EXPIRED', () => good({ expiresAtMs: NOW - 1_000 })],
    ['TOKEN_WRONG_AUDIENCE', () => good({ audience: 'canopy-directory' })],
    ['TOKEN_WRONG_ISSUER', () => good({ issuer: 'example.org' })],
    ['TOKEN_BAD_SIGNATURE', async () => (await createAuthority()).token(deviceOf('alice'), NOW)],
  ];

  it.each(tokens)('with the fault %s opens no call and no stream', async (reason, make) => {
    const token = await make();
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    for (const method of Object.values(methods)) {
      const failure = await failureOf(sendRaw(method, Buffer.alloc(0), metadata));
      expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', reason]);
    }
    const stream = openStream(bench.client, 'subscribe', { metadata });
    const end = await failureOf(stream.responses[Symbol.asyncIterator]().next());
    expect([end.code, end.reason]).toEqual(['UNAUTHENTICATED', reason]);
  });
});

describe('a request', () => {
  it.each<[string, string]>([
    ['CreateGroup', 'group_id'],
    ['SubmitCommit', 'bundle.group_id'],
    ['SendMessage', 'message.group_id'],
    ['ReadGroup', 'query.group_id'],
    ['GetGroupInfo', 'query.group_id'],
    ['GetRatchetTree', 'group_id'],
    ['CreateTicket', 'ticket.group_id'],
    ['RestoreEntries', 'entries.group_id'],
  ])('that is empty: %s names %s', async (method, field) => {
    const failure = await failureOf(sendRaw(method, Buffer.alloc(0)));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  it.each(Object.values(methods))('that is truncated is refused by %s, which names it', async (method) => {
    for (const hex of ['0a05', '0aff', '08', '0b']) {
      const failure = await failureOf(sendRaw(method, Buffer.from(hex, 'hex')));
      expect(failure.code).toBe('INVALID_ARGUMENT');
      expect(failure.fieldViolations).toEqual([{ field: 'request', description: 'is not valid protobuf' }]);
    }
  });

  it('that is truncated anywhere is refused with a typed error or by its proof', async () => {
    const whole = Buffer.from(delivery.SendMessageRequest.encode(group.messageRequest(0n)).finish());
    const failures = await Promise.all(
      Array.from({ length: whole.length }, (_, length) =>
        failureOf(sendRaw('SendMessage', whole.subarray(0, length))),
      ),
    );
    const codes = new Set(failures.map(({ code }) => code));
    expect([...codes].toSorted()).toEqual(['INVALID_ARGUMENT', 'PERMISSION_DENIED']);
  });

  it('whose bundle or message is of another kind is refused, and the field is named', async () => {
    const query = group.query();
    const asMessage = { message: query, proof: group.proof('SendMessage', query, 0n) };
    const asBundle = {
      bundle: query,
      proof: group.proof('SubmitCommit', query, 0n),
      ticket: new Uint8Array(),
    };
    const message = await failureOf(alice.call('sendMessage', asMessage));
    const bundle = await failureOf(alice.call('submitCommit', asBundle));
    expect(message.fieldViolations.map(({ field }) => field)).toEqual(['message.request_id']);
    expect(bundle.fieldViolations.map(({ field }) => field)).toEqual(['bundle.request_id']);
  });

  it.each<[string, number]>([
    ['bundle.request_id', 15],
    ['bundle.request_id', 17],
    ['bundle.request_id', 0],
  ])('whose %s has %i bytes is refused', async (field, length) => {
    const failure = await failureOf(
      alice.call('submitCommit', group.commitRequest(0n, { requestId: random(length) })),
    );
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  it('that is larger than the service takes is refused with RESOURCE_EXHAUSTED', async () => {
    const message = group.messageBody(0n, { mlsMessage: random(5 * 1024 * 1024) });
    const proof = group.proof('SendMessage', message, 0n);
    expect((await failureOf(alice.call('sendMessage', { message, proof }))).code).toBe('RESOURCE_EXHAUSTED');
  });

  it('for a store that is away is answered UNAVAILABLE, not with an incident', async () => {
    const other = await startBench();
    const device = await other.device();
    await group.create(device);
    other.store.close();
    expect((await failureOf(device.call('sendMessage', group.messageRequest(0n)))).code).toBe('UNAVAILABLE');
    const stream = device.stream();
    await stream.send(group.subscribeRequest(0n));
    expect((await failureOf(stream.responses[Symbol.asyncIterator]().next())).code).toBe('UNAVAILABLE');
    expect(other.incidents).toEqual([]);
    await other.close();
  });
});
