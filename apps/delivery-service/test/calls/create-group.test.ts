import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failureOf, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';

let bench: Bench;
let alice: Device;
const group = new TestGroup();

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const good = {
  groupId: group.id,
  cipherSuite: 1,
  accessKey: group.key(0n).publicKey,
  groupInfo: new Uint8Array(),
  ratchetTree: new Uint8Array(),
};

describe('CreateGroup', () => {
  it('opens a log, and says so again when the answer was lost', async () => {
    expect((await alice.call('createGroup', good)).result?.$case).toBe('created');
    expect((await alice.call('createGroup', good)).result?.$case).toBe('created');
  });

  it('does not open the group of somebody else [R11-06]', async () => {
    await alice.call('createGroup', good);
    const other = { ...good, accessKey: new TestGroup().key(0n).publicKey };
    expect((await alice.call('createGroup', other)).result?.$case).toBe('exists');
    expect((await alice.call('createGroup', { ...good, cipherSuite: 2 })).result?.$case).toBe('exists');
    expect(await group.readAll(alice, 0n)).toEqual([]);
  });

  it.each([
    ['group_id', { ...good, groupId: new Uint8Array() }],
    ['group_id', { ...good, groupId: random(256) }],
    ['cipher_suite', { ...good, cipherSuite: 0 }],
    ['cipher_suite', { ...good, cipherSuite: 8 }],
    ['access_key', { ...good, accessKey: random(31) }],
    ['access_key', { ...good, accessKey: new Uint8Array() }],
    ['group_info', { ...good, groupInfo: random(40) }],
    ['group_info', { ...good, groupInfo: group.groupInfo(1n) }],
    ['group_info', { ...good, groupInfo: group.groupInfo(0n, { groupId: random(16) }) }],
    ['group_info', { ...good, groupInfo: group.groupInfo(0n, { suite: 2 }) }],
    ['ratchet_tree', { ...good, ratchetTree: new Uint8Array([0]) }],
    ['ratchet_tree', { ...good, groupInfo: group.groupInfo(0n), ratchetTree: random(40) }],
  ])('names the field %s when it does not hold what it must', async (field, request) => {
    const failure = await failureOf(alice.call('createGroup', request));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
    expect(await bench.store.groupLog.findGroup(request.groupId)).toBeUndefined();
  });
});
