import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { delivery } from '@canopy/contract';
import { failureOf, startBench, type Bench, type Device } from '../bench.ts';
import { TestGroup } from '../group.ts';
import { createMember } from '../members.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

beforeEach(async () => {
  bench = await startBench({ environment: { CANOPY_PAGE_ENTRIES: '4', CANOPY_PAGE_BYTES: '1024' } });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function read(epoch: bigint, after: bigint, limit = 0): Promise<[bigint[], boolean]> {
  const { entries, end } = await alice.call('readGroup', group.readRequest(epoch, after, limit));
  return [entries.map(({ sequence }) => sequence), end];
}

describe('ReadGroup', () => {
  it('reads page after page to the end', async () => {
    for (let round = 0; round < 6; round += 1) await group.send(alice, 0n);
    expect(await read(0n, 0n)).toEqual([[1n, 2n, 3n, 4n], false]);
    expect(await read(0n, 4n)).toEqual([[5n, 6n], true]);
    expect(await read(0n, 6n)).toEqual([[], true]);
    expect(await read(0n, 0n, 2)).toEqual([[1n, 2n], false]);
    expect(await read(0n, 0n, 1000)).toEqual([[1n, 2n, 3n, 4n], false]);
    expect(await read(0n, 2n ** 64n - 1n)).toEqual([[], true]);
  });

  it('opens the log up to and including the commit that ends the epoch of the proof, and no further', async () => {
    await group.send(alice, 0n);
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
    await group.commit(alice, 1n);
    await group.send(alice, 2n);
    expect(await read(0n, 0n)).toEqual([[1n, 2n], true]);
    expect(await read(0n, 2n)).toEqual([[], true]);
    expect(await read(1n, 2n)).toEqual([[3n, 4n], true]);
    expect(await read(2n, 4n)).toEqual([[5n], true]);
  });

  it('still opens an epoch that is long over to who was away', async () => {
    for (let epoch = 0n; epoch < 12n; epoch += 1n) await group.commit(alice, epoch);
    expect(await read(0n, 0n)).toEqual([[1n], true]);
    expect(await read(11n, 11n)).toEqual([[12n], true]);
  });
});

async function info(epoch: bigint): Promise<delivery.GetGroupInfoResponse> {
  const query = group.query();
  return alice.call('getGroupInfo', {
    query,
    proof: group.proof('GetGroupInfo', query, epoch),
    ticket: new Uint8Array(),
  });
}

describe('GetGroupInfo', () => {
  it('has nothing before the first commit', async () => {
    expect(await info(0n)).toEqual({ epoch: 0n, groupInfo: new Uint8Array(), tree: undefined });
  });

  it('gives members of the current epoch and of the one before what the commit brought', async () => {
    const founder = await createMember(bench, 'founder');
    await founder.create();
    const { groupId } = founder.group;
    const query = delivery.GroupQuery.encode({
      groupId,
      afterSequence: 0n,
      limit: 0,
      device: founder.device.name,
    }).finish();
    const before = founder.proof('GetGroupInfo', query);
    const { created, bundle } = await founder.prepare();
    await founder.submit(bundle);
    founder.group.keep(created.staged);
    for (const proof of [before, founder.proof('GetGroupInfo', query)]) {
      const found = await founder.device.call('getGroupInfo', { query, proof, ticket: new Uint8Array() });
      expect(found).toMatchObject({
        epoch: 1n,
        groupInfo: Buffer.from(bundle.groupInfo),
        tree: { epoch: 1n, size: BigInt(bundle.ratchetTree.length) },
      });
    }
  });

  it('gives nothing to who has only an older epoch', async () => {
    await group.commit(alice, 0n);
    await group.commit(alice, 1n);
    const failure = await failureOf(info(0n));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_EPOCH_TOO_OLD']);
    // Without a tree nobody can come back by it, and it may be that of a member that was removed.
    expect((await failureOf(info(1n))).reason).toBe('PROOF_EPOCH_TOO_OLD');
    expect((await info(2n)).epoch).toBe(2n);
  });
});
