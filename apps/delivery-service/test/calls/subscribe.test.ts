import { delivery } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { deviceOf } from '../authority.ts';
import { NOW, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup, welcomeFor } from '../group.ts';
import { ping, Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

async function start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
  bench = await startBench({ environment: { CANOPY_PAGE_ENTRIES: '3', ...environment } });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
}

beforeEach(() => start());

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function follow(epoch: bigint, after = 0n, device = alice): Promise<Reader> {
  const reader = new Reader(device);
  await reader.stream.send(group.subscribeRequest(epoch, after));
  return reader;
}

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('hex');

/** Adds a device to the group. */
async function welcome(epoch: bigint, user: string): Promise<void> {
  const ref = random(32);
  const recipients = [{ keyPackageRef: ref, device: deviceOf(user) }];
  await group.commit(alice, epoch, { welcome: welcomeFor([ref]), recipients });
}

function message(epoch: bigint): { request: delivery.SendMessageRequest; requestId: Uint8Array } {
  const requestId = random(16);
  return { request: group.messageRequest(epoch, { requestId }), requestId };
}

describe('a group on a stream', () => {
  it('says its history in pages, then that it is live, then what comes', async () => {
    for (let round = 0; round < 7; round += 1) await group.send(alice, 0n);
    const reader = await follow(0n);
    const { seen, value } = await reader.until('live');
    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
    expect(value.groupId).toEqual(group.id);
    await group.send(alice, 0n);
    expect(await reader.entries(1)).toEqual([8n]);
    await group.send(alice, 0n);
    await group.send(alice, 0n);
    expect(await reader.entries(2)).toEqual([9n, 10n]);
    reader.stream.cancel();
  });

  it('begins after the cursor', async () => {
    for (let round = 0; round < 5; round += 1) await group.send(alice, 0n);
    const reader = await follow(0n, 3n);
    expect((await reader.until('live')).seen).toEqual([4n, 5n]);
    reader.stream.cancel();
  });

  it('ends its lease with the commit that ends the epoch, and goes on under the next proof from where it stands', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    await group.send(alice, 0n);
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
    const { seen, value } = await reader.until('leaseEnded');
    expect(seen).toEqual([1n, 2n]);
    expect(value).toEqual({ groupId: group.id, endedEpoch: 0n });
    await reader.stream.send(group.subscribeRequest(1n, 0n));
    expect((await reader.until('live')).seen).toEqual([3n]);
    await group.send(alice, 1n);
    expect(await reader.entries(1)).toEqual([4n]);
    reader.stream.cancel();
  });

  it('goes on without a word when the proof is renewed before the lease ends', async () => {
    await group.commit(alice, 0n);
    const reader = await follow(0n);
    expect((await reader.until('leaseEnded')).seen).toEqual([1n]);
    await reader.stream.send(group.subscribeRequest(1n));
    await reader.until('live');
    await group.send(alice, 1n);
    await reader.stream.send(group.subscribeRequest(1n));
    await reader.stream.send(ping(1n));
    await group.send(alice, 1n);
    const seen: bigint[] = [];
    while (seen.length < 2) {
      const response = await reader.next();
      if (response.$case === 'entries') seen.push(...response.value.entries.map(({ sequence }) => sequence));
      else expect(response.$case).toBe('pong');
    }
    expect(seen).toEqual([2n, 3n]);
    reader.stream.cancel();
  });

  it('is renewed again and again while others write, and loses nothing by it', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    const total = 60;
    const work = async (step: () => Promise<unknown>): Promise<void> => {
      for (let round = 0; round < total; round += 1) await step();
    };
    const writing = work(() => group.send(alice, 0n));
    const renewing = work(() => reader.stream.send(group.subscribeRequest(0n)));
    expect(await reader.entries(total)).toEqual(Array.from({ length: total }, (_, i) => BigInt(i + 1)));
    await Promise.all([writing, renewing]);
    reader.stream.cancel();
  });

  it('does not go back to an older lease', async () => {
    await group.commit(alice, 0n);
    const reader = await follow(1n);
    expect((await reader.until('live')).seen).toEqual([1n]);
    await reader.stream.send(group.subscribeRequest(0n));
    await group.send(alice, 1n);
    expect(await reader.entries(1)).toEqual([2n]);
    reader.stream.cancel();
  });

  it('is silent after it was unsubscribed, and begins anew when it is subscribed again', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    await reader.stream.send({ request: { $case: 'unsubscribe', value: { groupId: group.id } } });
    await reader.stream.send(ping(1n));
    await reader.until('pong');
    await group.send(alice, 0n);
    await reader.stream.send(ping(2n));
    expect((await reader.until('pong')).seen).toEqual([]);
    await reader.stream.send(group.subscribeRequest(0n));
    expect((await reader.until('live')).seen).toEqual([1n]);
    reader.stream.cancel();
  });

  it('is refused beyond the limit of groups, and the others go on', async () => {
    await bench.close();
    await start({ CANOPY_TOPICS_PER_STREAM: '1' });
    const reader = await follow(0n);
    await reader.until('live');
    const first = group;
    group = new TestGroup();
    await group.create(alice);
    await reader.stream.send(group.subscribeRequest(0n));
    expect((await reader.until('refused')).value).toEqual({
      groupId: group.id,
      reason: 'LIMIT_EXCEEDED',
      limit: { limit: 'CANOPY_TOPICS_PER_STREAM', value: 1n, retryAfterMs: 0n },
    });
    await first.send(alice, 0n);
    expect(await reader.entries(1)).toEqual([1n]);
    reader.stream.cancel();
  });

  it('shows every reader every entry once and in order, wherever it begins while others write', async () => {
    const cursors = fc.array(fc.nat(40), { minLength: 1, maxLength: 6 });
    const total = 40;
    await fc.assert(
      fc.asyncProperty(cursors, fc.nat(30), async (wishes, head) => {
        // A reader cannot begin beyond the end.
        const afters = wishes.map((wish) => wish % (head + 1));
        group = new TestGroup();
        await group.create(alice);
        for (let i = 0; i < head; i += 1) await group.send(alice, 0n);
        const writing = (async () => {
          for (let i = head; i < total; i += 1) await group.send(alice, 0n);
        })();
        const reading = afters.map(async (after) => {
          const reader = await follow(0n, BigInt(after));
          const seen: bigint[] = [];
          while (seen.length < total - after) {
            const response = await reader.next();
            if (response.$case === 'entries')
              seen.push(...response.value.entries.map(({ sequence }) => sequence));
          }
          reader.stream.cancel();
          return seen;
        });
        await writing;
        for (const [i, after] of afters.entries()) {
          const expected = Array.from({ length: total - after }, (_, k) => BigInt(after + k + 1));
          expect(await reading[i]).toEqual(expected);
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('many groups on one stream', () => {
  it('come each in its own order, and a long history of one does not keep the others waiting', async () => {
    const busy = group;
    // Together more than is on its way to a reader at a time.
    for (let round = 0; round < 60; round += 1) {
      const mlsMessage = busy.privateMessage(ContentType.application, 0n, busy.id, 8_000);
      await alice.call('sendMessage', busy.messageRequest(0n, { mlsMessage }));
    }
    group = new TestGroup();
    await group.create(alice);
    await group.send(alice, 0n);
    const reader = new Reader(alice);
    await reader.stream.send(busy.subscribeRequest(0n));
    await reader.stream.send(group.subscribeRequest(0n));
    const seen = new Map<string, bigint[]>();
    let live = 0;
    let busyWhenOtherWasLive = -1;
    while (live < 2) {
      const response = await reader.next();
      if (response.$case === 'live') {
        live += 1;
        if (keyOf(response.value.groupId) === keyOf(group.id))
          busyWhenOtherWasLive = seen.get(keyOf(busy.id))?.length ?? 0;
      } else if (response.$case === 'entries') {
        const key = keyOf(response.value.groupId);
        seen.set(key, [...(seen.get(key) ?? []), ...response.value.entries.map(({ sequence }) => sequence)]);
      }
    }
    expect(seen.get(keyOf(group.id))).toEqual([1n]);
    expect(seen.get(keyOf(busy.id))).toEqual(Array.from({ length: 60 }, (_, i) => BigInt(i + 1)));
    expect(busyWhenOtherWasLive).toBeLessThan(60);
    reader.stream.cancel();
  });
});

describe('the mailbox on a stream', () => {
  it('says what waits, that it is live, and what comes, to the device that the token names', async () => {
    const bob = await bench.device('bob');
    await welcome(0n, 'bob');
    await welcome(1n, 'carol');
    const reader = new Reader(bob);
    await reader.stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
    const history = await reader.until('mailbox');
    expect(history.value.entries).toMatchObject([{ sequence: 1n, groupSequence: 1n }]);
    await reader.until('mailboxLive');
    await welcome(2n, 'bob');
    expect((await reader.until('mailbox')).value.entries).toMatchObject([
      { sequence: 2n, groupSequence: 3n },
    ]);
    reader.stream.cancel();
  });
});

const mailboxAfter = (afterSequence: bigint): delivery.SubscribeRequest => ({
  request: { $case: 'mailbox', value: { afterSequence } },
});

describe('a mailbox on a stream that has lost its end', () => {
  it('says so to who has come further, keeps what nobody has read, and is followed anew from the beginning', async () => {
    const bob = await bench.device('bob');
    await welcome(0n, 'bob');
    const reader = new Reader(bob);
    await reader.stream.send({ request: { $case: 'acknowledgeMailbox', value: { upToSequence: 2n } } });
    await reader.stream.send(mailboxAfter(2n));
    expect(await reader.next()).toEqual({ $case: 'mailboxBehind', value: { lastSequence: 1n } });
    await welcome(1n, 'bob');
    await reader.stream.send(mailboxAfter(0n));
    expect(await reader.until('mailboxLive')).toMatchObject({ seen: [1n, 2n] });
    reader.stream.cancel();
  });
});

describe('what is sent over a stream', () => {
  it('is answered by request id with what the call would have answered', async () => {
    const reader = new Reader(alice);
    const { request, requestId } = message(0n);
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
    expect((await reader.until('sendAnswer')).value).toEqual({
      requestId,
      response: { result: { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: false } } },
    });
    const commitId = random(16);
    const commit = group.commitRequest(0n, { requestId: commitId });
    await reader.stream.send({ request: { $case: 'submitCommit', value: { request: commit } } });
    expect((await reader.until('commitAnswer')).value).toEqual({
      requestId: commitId,
      response: {
        result: {
          $case: 'accepted',
          value: { sequence: 2n, alreadyAccepted: false, receipt: expect.any(String) },
        },
      },
    });
    expect((await alice.call('submitCommit', commit)).result).toMatchObject({
      value: { alreadyAccepted: true },
    });
    const late = message(0n);
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request: late.request } } });
    expect((await reader.until('sendAnswer')).value).toMatchObject({
      requestId: late.requestId,
      response: { result: { $case: 'conflict', value: { currentEpoch: 1n } } },
    });
    reader.stream.cancel();
  });

  it('is appended in the order of a group, however much is on its way', async () => {
    const reader = new Reader(alice);
    const total = 300;
    const bodies = Array.from({ length: total }, () => group.privateMessage(ContentType.application, 0n));
    const sending = (async () => {
      for (const mlsMessage of bodies) {
        const request = group.messageRequest(0n, { mlsMessage });
        await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
      }
    })();
    for (let count = 0; count < total; count += 1) await reader.until('sendAnswer');
    await sending;
    const logged = await bench.store.groupLog.read({
      groupId: group.id,
      afterSequence: 0n,
      limit: 1000,
      maxBytes: 10_000_000,
    });
    expect(logged.map((entry) => Buffer.from(entry.message).toString('hex'))).toEqual(
      bodies.map((body) => Buffer.from(body).toString('hex')),
    );
    reader.stream.cancel();
  });

  it('ends the stream with the status that the call would have had, after the answers that came before', async () => {
    const reader = new Reader(alice);
    const good = message(0n);
    const stranger = new TestGroup();
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request: good.request } } });
    const request = stranger.messageRequest(0n);
    await reader.stream.send({ request: { $case: 'sendMessage', value: { request } } });
    expect((await reader.next()).$case).toBe('sendAnswer');
    const failure = await reader.failure();
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_INVALID']);
  });
});

describe('a stream', () => {
  it('answers pings in their order', async () => {
    const reader = new Reader(alice);
    for (const token of [3n, 1n, 2n]) await reader.stream.send(ping(token));
    for (const token of [3n, 1n, 2n])
      expect(await reader.next()).toEqual({ $case: 'pong', value: { token } });
    reader.stream.cancel();
  });

  it('goes on after the device has said its last word', async () => {
    const reader = await follow(0n);
    reader.stream.finish();
    await reader.until('live');
    await group.send(alice, 0n);
    expect(await reader.entries(1)).toEqual([1n]);
    reader.stream.cancel();
  });

  it.each<[string, delivery.SubscribeRequest['request']]>([
    ['request', undefined],
    ['query', { $case: 'group', value: { query: Buffer.from('0aff', 'hex'), proof: undefined } }],
    ['query.group_id', { $case: 'group', value: { query: new Uint8Array(), proof: undefined } }],
    ['unsubscribe.group_id', { $case: 'unsubscribe', value: { groupId: new Uint8Array() } }],
    ['send_message.request', { $case: 'sendMessage', value: { request: undefined } }],
    ['submit_commit.request', { $case: 'submitCommit', value: { request: undefined } }],
    [
      'bundle',
      {
        $case: 'submitCommit',
        value: { request: { bundle: new Uint8Array([1]), proof: undefined, ticket: random(0) } },
      },
    ],
    [
      'message.group_id',
      { $case: 'sendMessage', value: { request: { message: new Uint8Array(), proof: undefined } } },
    ],
  ])('ends with INVALID_ARGUMENT for a frame whose %s is wrong', async (field, request) => {
    const reader = new Reader(alice);
    await reader.stream.send({ request });
    const failure = await reader.failure();
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  it('ends with UNAUTHENTICATED when the token expires: at the next word', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    bench.clock.advance(600_000);
    await reader.stream.send(ping(1n));
    const failure = await reader.failure();
    expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'TOKEN_EXPIRED']);
  });

  it('ends with UNAUTHENTICATED when the token expires: also in silence', async () => {
    const device = await bench.device('bob', { expiresAtMs: NOW + 1_000 });
    const reader = await follow(0n, 0n, device);
    await reader.until('live');
    const failure = await reader.failure();
    expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'TOKEN_EXPIRED']);
  });

  it('is told to go elsewhere when the service drains, after the answers to what it sent', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    await reader.stream.send({
      request: { $case: 'sendMessage', value: { request: group.messageRequest(0n) } },
    });
    await reader.stream.send(ping(1n));
    await reader.until('pong');
    const drained = bench.drain();
    const seen: string[] = [];
    for (;;) {
      const response = await reader.next();
      seen.push(response.$case);
      if (response.$case === 'draining') break;
    }
    expect(seen.at(-1)).toBe('draining');
    expect(await reader.hasEnded()).toBe(true);
    await drained;
  });

  it('lets go of everything when the device goes', async () => {
    const reader = await follow(0n);
    await reader.until('live');
    reader.stream.cancel();
    await expect(group.send(alice, 0n)).resolves.toBe(1n);
    await bench.drain();
  });
});

describe('a reader that does not read', () => {
  it('is not read for: the service takes from the store what the transport takes, and a little more', async () => {
    await bench.close();
    await start({ CANOPY_PAGE_BYTES: '65536', CANOPY_PAGE_ENTRIES: '1' });
    const total = 400;
    const { groupLog } = bench.store;
    for (let i = 0; i < total; i += 1) {
      await groupLog.appendMessages([
        {
          groupId: group.id,
          epoch: 0n,
          requestId: random(16),
          kind: 'application',
          message: random(32_768),
          maxPastEpochs: 0,
          nowMs: 0,
        },
      ]);
    }
    let pages = 0;
    const read = groupLog.read.bind(groupLog);
    Object.defineProperty(groupLog, 'read', {
      value: (query: Parameters<typeof read>[0]) => {
        pages += 1;
        return read(query);
      },
    });
    const reader = await follow(0n);
    // A grpc-js client that has never read takes everything at once; one that has begun to read and stops does not.
    expect(await reader.entries(1)).toEqual([1n]);
    // Calls that are answered meanwhile show that the service had all the time that it wanted.
    for (let round = 0; round < 100; round += 1) {
      await alice.call('readMailbox', { afterSequence: 0n, limit: 0 });
    }
    expect(pages).toBeGreaterThan(0);
    expect(pages).toBeLessThan(total / 4);
    expect((await reader.until('live')).seen).toEqual(
      Array.from({ length: total - 1 }, (_, i) => BigInt(i + 2)),
    );
    reader.stream.cancel();
  });
});
