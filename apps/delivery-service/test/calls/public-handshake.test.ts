import { delivery } from '@canopy/contract';
import { decodeMessage, encodeMessage, WireFormat, type MLSMessage, type PublicMessage } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench, type Bench } from '../bench.ts';
import { random } from '../group.ts';
import { createMember, type Member } from '../members.ts';

let bench: Bench;
let alice: Member;
let bob: Member;

beforeEach(async () => {
  bench = await startBench();
  alice = await createMember(bench, 'alice');
  bob = await createMember(bench, 'bob');
  await alice.create();
  await alice.add(bob);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

function publicMessageOf(bytes: Uint8Array): PublicMessage {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.publicMessage) throw new Error('a PublicMessage expected');
  return message.publicMessage;
}

function withSignature(bytes: Uint8Array): Uint8Array {
  const publicMessage = publicMessageOf(bytes);
  const auth = { ...publicMessage.auth, signature: random(64) };
  return encodeMessage({ wireFormat: WireFormat.publicMessage, publicMessage: { ...publicMessage, auth } });
}

async function epochNow(): Promise<bigint | undefined> {
  return (await bench.store.groupLog.findGroup(alice.group.groupId))?.epoch;
}

function rejected(reason: string, detail: string): unknown {
  return {
    $case: 'rejected',
    value: { reason: `SUBMISSION_REJECTION_REASON_${reason}`, detail: expect.stringContaining(detail) },
  };
}

/** What Bob has not heard of yet. */
async function catchUp(): Promise<void> {
  const entries = await bench.store.groupLog.read({
    groupId: alice.group.groupId,
    afterSequence: 0n,
    limit: 100,
    maxBytes: 1_000_000,
  });
  for (const { epoch, message } of entries) {
    if (epoch !== bob.group.epoch) continue;
    const received = await bob.group.process(decodeMessage(message));
    if (received.kind === 'commit') bob.group.keep(received.staged);
  }
}

async function newest(): Promise<{ message: Uint8Array }> {
  const { groupId } = alice.group;
  const last = (await bench.store.groupLog.findGroup(groupId))?.lastSequence ?? 0n;
  const page = { groupId, afterSequence: last - 1n, limit: 1, maxBytes: 1 };
  const [entry] = await bench.store.groupLog.read(page);
  if (entry === undefined) throw new Error('the log is empty');
  return entry;
}

describe('a public commit', () => {
  it('is followed from epoch to epoch, with the proposals that it names', async () => {
    const proposal = await alice.propose();
    expect(await alice.send(proposal)).toMatchObject({ $case: 'accepted' });
    await catchUp();
    await bob.commit();
    await catchUp();
    expect(await epochNow()).toBe(2n);
    const received = await alice.group.process(decodeMessage((await newest()).message));
    if (received.kind === 'commit') alice.group.keep(received.staged);
    await alice.commit();
    expect(await epochNow()).toBe(3n);
  });

  it('that members would refuse is rejected with the code of the protocol, and the next good one passes', async () => {
    const { bundle } = await alice.prepare();
    const forged = { ...bundle, commit: withSignature(bundle.commit) };
    expect(await alice.submit(forged)).toEqual(rejected('INVALID', 'commit: INVALID_SIGNATURE'));
    expect(await epochNow()).toBe(1n);
    expect(await alice.submit(bundle)).toMatchObject({ $case: 'accepted' });
  });

  it('that names a proposal which the log does not have is rejected [D2]', async () => {
    const proposal = await alice.propose();
    await bob.group.process(proposal);
    const { bundle } = await bob.prepare();
    expect(await bob.submit(bundle)).toEqual(rejected('INVALID', 'commit: '));
    expect(await epochNow()).toBe(1n);
    await alice.send(proposal);
    expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });
  });

  it('is rejected when its GroupInfo or its tree is not of the epoch that it begins', async () => {
    const { bundle } = await alice.prepare();
    const other = await bob.prepare();
    const groupInfo = decodeMessage(bundle.groupInfo);
    if (groupInfo.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
    const { groupContext } = groupInfo.groupInfo;
    const altered: MLSMessage = {
      wireFormat: WireFormat.groupInfo,
      groupInfo: { ...groupInfo.groupInfo, groupContext: { ...groupContext, treeHash: random(32) } },
    };
    const others: readonly Partial<delivery.CommitBundle>[] = [
      { groupInfo: encodeMessage(altered) },
      { groupInfo: other.bundle.groupInfo },
      { ratchetTree: other.bundle.ratchetTree },
      { ratchetTree: alice.statement().ratchetTree },
    ];
    for (const faulty of others) {
      expect(await alice.submit({ ...bundle, ...faulty })).toEqual(rejected('GROUP_INFO_MISMATCH', ''));
    }
    expect(await epochNow()).toBe(1n);
    expect(await alice.submit(bundle)).toMatchObject({ $case: 'accepted' });
  });

  it('that lost the race is a conflict, not a fault, and a repeated one gets its first answer', async () => {
    const first = await alice.prepare();
    const second = await bob.prepare();
    const answer = await alice.submit(first.bundle);
    expect(await bob.submit(second.bundle)).toMatchObject({ $case: 'conflict', value: { currentEpoch: 2n } });
    expect(answer).toMatchObject({ $case: 'accepted', value: { alreadyAccepted: false } });
    expect(await alice.submit(first.bundle)).toEqual({
      $case: 'accepted',
      value: { ...answer?.value, alreadyAccepted: true },
    });
  });

  it('is only looked at from outside where the epoch has encrypted proposals', async () => {
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: new Uint8Array() } as const;
    await alice.send(await alice.group.proposeUpdate(framing));
    await catchUp();
    // It names a proposal that the service cannot read.
    await bob.commit();
    expect(await epochNow()).toBe(2n);
  });

  it('is checked again after a commit that was encrypted', async () => {
    await alice.commit({ wireFormat: WireFormat.privateMessage });
    await catchUp();
    const { bundle } = await bob.prepare();
    const forged = { ...bundle, commit: withSignature(bundle.commit) };
    expect(await bob.submit(forged)).toEqual(rejected('INVALID', 'commit: INVALID_SIGNATURE'));
    expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });
  });
});

describe('a public proposal', () => {
  it('that members would refuse is rejected, and does not take a place in the log', async () => {
    const proposal = await alice.propose();
    const forged = decodeMessage(withSignature(encodeMessage(proposal)));
    expect(await alice.send(forged)).toEqual(rejected('INVALID', 'mls_message: INVALID_SIGNATURE'));
    expect(await alice.send(proposal)).toMatchObject({ $case: 'accepted', value: { sequence: 2n } });
  });
});
