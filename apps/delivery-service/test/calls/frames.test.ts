import type { delivery } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';
import { Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;
let reader: Reader;

async function start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
  bench = await startBench({ environment });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
  reader = new Reader(alice);
}

afterEach(async () => {
  reader.stream.cancel();
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

/** A message without a proof, and its request id. */
function message(
  epoch: bigint,
  options: { readonly requestId?: Uint8Array; readonly mlsMessage?: Uint8Array } = {},
): { readonly request: delivery.SendMessageRequest; readonly id: string } {
  const requestId = options.requestId ?? random(16);
  return {
    request: { message: group.messageBody(epoch, { ...options, requestId }), proof: undefined },
    id: hex(requestId),
  };
}

async function sendTogether(requests: readonly delivery.SendMessageRequest[]): Promise<void> {
  await reader.stream.send({ request: { $case: 'sendMessages', value: { requests: [...requests] } } });
}

/** Reads so many answers, by request id. */
async function answers(count: number): Promise<ReadonlyMap<string, delivery.SendMessageResponse['result']>> {
  const results = new Map<string, delivery.SendMessageResponse['result']>();
  while (results.size < count) {
    const { value } = await reader.until('sendAnswers');
    expect(value.answers.length).toBeGreaterThan(0);
    expect(value.answers.length).toBeLessThanOrEqual(256);
    for (const { requestId, response } of value.answers) results.set(hex(requestId), response?.result);
  }
  return results;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

async function logged(): Promise<readonly string[]> {
  const page = { groupId: group.id, afterSequence: 0n, limit: 2_000, maxBytes: 10_000_000 };
  return (await bench.store.groupLog.read(page)).map((entry) => hex(entry.message));
}

async function lease(epoch = 0n): Promise<void> {
  await reader.stream.send(group.subscribeRequest(epoch));
  await reader.until('live');
}

function applications(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => group.privateMessage(ContentType.application, 0n));
}

describe('messages in one frame', () => {
  it('are appended in their order and answered each by its request id, whatever else is on its way', async () => {
    await start({ CANOPY_REQUESTS_PER_STREAM: '100' });
    await lease();
    const bodies = applications(600);
    const sent = bodies.map((mlsMessage) => message(0n, { mlsMessage }));
    const sending = (async () => {
      for (let from = 0; from < sent.length; from += 200)
        await sendTogether(sent.slice(from, from + 200).map(({ request }) => request));
    })();
    const results = await answers(sent.length);
    await sending;
    expect(await logged()).toEqual(bodies.map((body) => hex(body)));
    expect(sent.map(({ id }) => results.get(id))).toEqual(
      sent.map((_, index) => ({
        $case: 'accepted',
        value: { sequence: BigInt(index + 1), alreadyAccepted: false },
      })),
    );
  });

  it('are shown to who follows the group, once and in order', async () => {
    await start();
    await lease();
    const other = new Reader(alice);
    await other.stream.send(group.subscribeRequest(0n));
    await other.until('live');
    await sendTogether(applications(150).map((mlsMessage) => message(0n, { mlsMessage }).request));
    expect(await other.entries(150)).toEqual(Array.from({ length: 150 }, (_, index) => BigInt(index + 1)));
    other.stream.cancel();
  });

  it('have outcomes of their own: one that is refused leaves its neighbours as they are', async () => {
    await start();
    await lease();
    const [first, last] = [message(0n), message(0n)];
    const [broken, early, again] = [
      message(0n, { mlsMessage: random(9) }),
      message(1n),
      message(0n, { requestId: Buffer.from(first.id, 'hex') }),
    ];
    await sendTogether([first, broken, early, last].map(({ request }) => request));
    const results = await answers(4);
    expect(results.get(first.id)).toMatchObject({ $case: 'accepted', value: { sequence: 1n } });
    expect(results.get(broken.id)).toMatchObject({
      value: { reason: 'SUBMISSION_REJECTION_REASON_MALFORMED' },
    });
    expect(results.get(early.id)).toMatchObject({
      value: { reason: 'SUBMISSION_REJECTION_REASON_LEASE_MISSING' },
    });
    expect(results.get(last.id)).toMatchObject({ $case: 'accepted', value: { sequence: 2n } });
    await sendTogether([again.request, message(0n).request]);
    expect((await answers(2)).get(first.id)).toMatchObject({
      value: { reason: 'SUBMISSION_REJECTION_REASON_REQUEST_ID_REUSED' },
    });
    expect(await logged()).toHaveLength(3);
  });

  it('of an epoch that is over are told what the sender lacks, each in a frame of its own', async () => {
    await start();
    await lease();
    await group.commit(alice, 0n);
    const late = [message(0n), message(0n)];
    await sendTogether(late.map(({ request }) => request));
    const frames = [await reader.until('sendAnswers'), await reader.until('sendAnswers')];
    expect(frames.map(({ value }) => value.answers.map(({ response }) => response?.result))).toEqual([
      [expect.objectContaining({ $case: 'conflict' })],
      [expect.objectContaining({ $case: 'conflict' })],
    ]);
    expect(await logged()).toHaveLength(1);
  });

  it('are counted one by one against the limits of the device and of the group', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '0', CANOPY_REQUESTS_PER_GROUP: '1' });
    await lease();
    const sent = Array.from({ length: 12 }, () => message(0n));
    await sendTogether(sent.map(({ request }) => request));
    const results = await answers(12);
    expect(sent.map(({ id }) => results.get(id)?.$case)).toEqual([
      ...Array.from({ length: 9 }, () => 'accepted'),
      ...Array.from({ length: 3 }, () => 'limited'),
    ]);
    expect(await logged()).toHaveLength(9);
    bench.clock.advance(1_000);
    const next = message(0n);
    await sendTogether([next.request]);
    expect((await answers(1)).get(next.id)?.$case).toBe('accepted');
  });

  it('are refused one by one when the device has had too many', async () => {
    await start({ CANOPY_REQUESTS_PER_DEVICE: '1', CANOPY_REQUESTS_PER_GROUP: '0' });
    await lease();
    const sent = Array.from({ length: 10 }, () => message(0n));
    await sendTogether(sent.map(({ request }) => request));
    const results = await answers(10);
    // Opening the group and following it were two of the ten.
    expect(sent.map(({ id }) => results.get(id)?.$case)).toEqual([
      ...Array.from({ length: 8 }, () => 'accepted'),
      'limited',
      'limited',
    ]);
    expect(await logged()).toHaveLength(8);
  });

  it('end the stream where one alone would have ended it, after those before', async () => {
    await start();
    await lease();
    const good = message(0n);
    const bad = { message: new Uint8Array(), proof: undefined };
    await sendTogether([good.request, bad, message(0n).request]);
    const failure = await reader.failure();
    expect([failure.code, failure.reason]).toEqual(['INVALID_ARGUMENT', 'FIELD_INVALID']);
    expect(await logged()).toHaveLength(1);
    reader = new Reader(alice);
    await lease();
    const again = message(0n);
    await sendTogether([again.request]);
    expect((await answers(1)).get(again.id)).toMatchObject({ value: { sequence: 2n } });
  });

  it.each([0, 257])('are not %i', async (count) => {
    await start();
    await lease();
    await sendTogether(Array.from({ length: count }, () => message(0n).request));
    const failure = await reader.failure();
    expect([failure.code, failure.message]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringContaining('send_messages.requests'),
    ]);
    expect(await logged()).toEqual([]);
  });
});
