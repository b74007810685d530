import { ContentType } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failureOf, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

beforeEach(async () => {
  bench = await startBench({
    environment: { CANOPY_MAX_PAST_EPOCHS: '2', CANOPY_MAX_MLS_MESSAGE_BYTES: '2048' },
  });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

type SendOptions = Parameters<TestGroup['messageRequest']>[1];

async function send(epoch: bigint, options: SendOptions = {}): Promise<unknown> {
  return (await alice.call('sendMessage', group.messageRequest(epoch, options))).result;
}

async function moveTo(epoch: bigint): Promise<void> {
  for (let at = 0n; at < epoch; at += 1n) await group.commit(alice, at);
}

describe('SendMessage', () => {
  it('appends proposals and application messages in order and logs what they are', async () => {
    const proposal = group.privateMessage(ContentType.proposal, 0n);
    expect(await send(0n, { mlsMessage: proposal })).toEqual({
      $case: 'accepted',
      value: { sequence: 1n, alreadyAccepted: false },
    });
    expect(await send(0n)).toMatchObject({ value: { sequence: 2n } });
    const { entries } = await alice.call('readGroup', group.readRequest(0n));
    expect(entries.map(({ kind }) => kind)).toEqual([
      'LOG_ENTRY_KIND_PROPOSAL',
      'LOG_ENTRY_KIND_APPLICATION',
    ]);
    expect(entries[0]?.mlsMessage).toEqual(new Uint8Array(proposal));
  });

  it('never makes a duplicate of a message that is sent again, also when the epoch is over', async () => {
    const options = { requestId: random(16), mlsMessage: group.privateMessage(ContentType.application, 0n) };
    await send(0n, options);
    const again = { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: true } };
    expect(await send(0n, options)).toEqual(again);
    await group.commit(alice, 0n);
    expect(await send(0n, options)).toEqual(again);
    expect(await group.readAll(alice, 1n)).toEqual([1n, 2n]);
  });

  it('takes a message of an epoch that is over from who shows the current one', async () => {
    await moveTo(2n);
    expect(await send(0n, { proofEpoch: 2n })).toMatchObject({ $case: 'accepted', value: { sequence: 3n } });
    await group.commit(alice, 2n);
    expect(await send(0n, { proofEpoch: 3n })).toMatchObject({
      $case: 'conflict',
      value: { currentEpoch: 3n },
    });
    expect(await send(1n, { proofEpoch: 3n })).toMatchObject({ $case: 'accepted' });
  });

  it('takes nothing from who shows an epoch that is over: a removed member could', async () => {
    await moveTo(1n);
    expect(await send(0n)).toMatchObject({ $case: 'conflict', value: { currentEpoch: 1n } });
    await group.commit(alice, 1n);
    expect(await send(0n, { proofEpoch: 1n })).toMatchObject({
      $case: 'conflict',
      value: { currentEpoch: 2n },
    });
    expect(await group.readAll(alice, 2n)).toEqual([1n, 2n]);
  });

  it('takes no proposal of an epoch that is over', async () => {
    await moveTo(1n);
    const mlsMessage = group.privateMessage(ContentType.proposal, 0n);
    expect(await send(0n, { mlsMessage, proofEpoch: 1n })).toMatchObject({ $case: 'conflict' });
  });

  it('refuses a message of a later epoch than the proof', async () => {
    await moveTo(1n);
    const failure = await failureOf(send(1n, { proofEpoch: 0n }));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_WRONG_EPOCH']);
    expect(await group.readAll(alice, 1n)).toEqual([1n]);
  });

  const cases: readonly [string, string, () => SendOptions][] = [
    ['MALFORMED', 'noise', () => ({ mlsMessage: random(40) })],
    ['MALFORMED', 'nothing', () => ({ mlsMessage: new Uint8Array() })],
    ['WRONG_CONTENT', 'a commit', () => ({ mlsMessage: group.privateMessage(ContentType.commit, 0n) })],
    ['WRONG_CONTENT', 'application data in the clear', () => ({ mlsMessage: group.publicApplication(0n) })],
    ['WRONG_CONTENT', 'a GroupInfo', () => ({ mlsMessage: group.groupInfo(0n) })],
    ['WRONG_EPOCH', 'another epoch', () => ({ mlsMessage: group.privateMessage(1, 1n) })],
    ['WRONG_GROUP', 'another group', () => ({ mlsMessage: group.privateMessage(1, 0n, random(16)) })],
    ['TOO_LARGE', 'too many bytes', () => ({ mlsMessage: random(2049) })],
  ];

  it.each(cases)('rejects with %s: %s', async (reason, _, options) => {
    expect(await send(0n, options())).toMatchObject({
      $case: 'rejected',
      value: { reason: `SUBMISSION_REJECTION_REASON_${reason}` },
    });
    expect(await group.readAll(alice, 0n)).toEqual([]);
  });

  it('rejects another message under a used request id', async () => {
    const requestId = random(16);
    await send(0n, { requestId });
    expect(await send(0n, { requestId })).toMatchObject({
      $case: 'rejected',
      value: { reason: 'SUBMISSION_REJECTION_REASON_REQUEST_ID_REUSED' },
    });
  });
});
