import { encode } from '@canopy/codec';
import type { delivery } from '@canopy/contract';
import {
  decodeMessage,
  encodeMessage,
  ExtensionType,
  nodesOfTree,
  RatchetTreeNodes,
  toLeafIndex,
  WireFormat,
  type GroupInfo,
} from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench, type Bench } from '../bench.ts';
import { random } from '../group.ts';
import { createMember, type Member } from '../members.ts';

let bench: Bench;
let alice: Member;
let bob: Member;
let bundle: delivery.CommitBundle;
let groupInfo: GroupInfo;

beforeEach(async () => {
  bench = await startBench();
  alice = await createMember(bench, 'alice');
  bob = await createMember(bench, 'bob');
  await alice.create();
  await alice.add(bob);
  ({ bundle } = await bob.prepare({ wireFormat: WireFormat.privateMessage }));
  groupInfo = infoOf(bundle.groupInfo);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

function infoOf(bytes: Uint8Array): GroupInfo {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
  return message.groupInfo;
}

function bytesOf(changed: GroupInfo): Uint8Array {
  return encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo: changed });
}

async function dump(): Promise<unknown> {
  const { groupId } = alice.group;
  return [await bench.store.groupLog.findGroup(groupId), await bench.store.groupLog.groupInfo(groupId)];
}

function mismatch(detail: string): unknown {
  const reason = 'SUBMISSION_REJECTION_REASON_GROUP_INFO_MISMATCH';
  return { $case: 'rejected', value: { reason, detail: expect.stringContaining(detail) } };
}

/** Requires that a bundle is refused, that nothing changes by it, and that the good one passes afterwards. */
async function expectRefusal(changes: Partial<delivery.CommitBundle>, detail: string): Promise<void> {
  const before = await dump();
  expect(await bob.submit({ ...bundle, ...changes })).toEqual(mismatch(detail));
  expect(await dump()).toEqual(before);
  expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });
}

describe('the GroupInfo of an encrypted commit', () => {
  it('passes with its tree apart, inside, and of a member whose signature key the commit replaces', async () => {
    await alice.commit({ wireFormat: WireFormat.privateMessage });
    const signatureKeyPair = alice.group.state.suite.signature.generateKeyPair();
    const identity = { ...alice.identity, signatureKeyPair };
    await alice.commit({ wireFormat: WireFormat.privateMessage, identity });
    const { created, bundle: last } = await alice.prepare({ wireFormat: WireFormat.privateMessage });
    const inside = bytesOf(
      alice.after(created).groupInfo({ ratchetTree: true, externalPub: true, grease: true }),
    );
    const answer = await alice.submit({ ...last, groupInfo: inside, ratchetTree: new Uint8Array() });
    expect(answer).toMatchObject({ $case: 'accepted', value: { sequence: 4n } });
  });

  it('does not pass with a signature of noise: nobody could come back by it', async () => {
    await expectRefusal({ groupInfo: bytesOf({ ...groupInfo, signature: random(64) }) }, 'INVALID_SIGNATURE');
  });

  it('does not pass with another tree', async () => {
    const old = encode(RatchetTreeNodes, nodesOfTree(alice.group.state.tree));
    await expectRefusal({ ratchetTree: old }, 'TREE_HASH_MISMATCH');
  });

  it('does not pass without a tree where there was one', async () => {
    await expectRefusal({ ratchetTree: new Uint8Array() }, 'the tree of the group is left out');
  });

  it('does not pass without the key for external commits where there was one', async () => {
    const { created } = await bob.prepare({ wireFormat: WireFormat.privateMessage });
    const next = bob.after(created);
    const without = next.groupInfo({ ratchetTree: false, externalPub: false, grease: false });
    expect(without.extensions.map(({ extensionType }) => extensionType)).not.toContain(
      ExtensionType.externalPub,
    );
    const whole = bob.bundle(created.message, next);
    const before = await dump();
    expect(await bob.submit({ ...whole, groupInfo: bytesOf(without) })).toEqual(mismatch('key for external'));
    expect(await dump()).toEqual(before);
    expect(await bob.submit(whole)).toMatchObject({ $case: 'accepted' });
  });

  it('does not pass when it is signed by somebody who comes in by the commit', async () => {
    const carol = await createMember(bench, 'carol');
    const { created, bundle: adding } = await alice.prepareToAdd(carol, {
      wireFormat: WireFormat.privateMessage,
    });
    const joined = await carol.joinBy(created, alice.after(created));
    const theirs = joined.groupInfo({ ratchetTree: false, externalPub: true, grease: false });
    expect(theirs.signer).toBe(toLeafIndex(2));
    const before = await dump();
    expect(await alice.submit({ ...adding, groupInfo: bytesOf(theirs) })).toEqual(
      mismatch('is not a member'),
    );
    expect(await dump()).toEqual(before);
    expect(await alice.submit(adding)).toMatchObject({ $case: 'accepted' });
  });
});
