import { createHash } from 'node:crypto';
import type { delivery } from '@canopy/contract';
import { decodeMessage, encodeMessage, ContentType, SenderType, WireFormat } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceOf } from '../authority.ts';
import { allPending, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup, welcomeFor, type CommitOptions } from '../group.ts';
import { createMember } from '../members.ts';

let bench: Bench;
let alice: Device;
let group: TestGroup;

async function start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
  bench = await startBench({ environment });
  alice = await bench.device();
  group = new TestGroup();
  await group.create(alice);
}

beforeEach(() => start());

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

type Result = delivery.SubmitCommitResponse['result'];

async function submit(epoch: bigint, options: CommitOptions = {}): Promise<Result> {
  return (await alice.call('submitCommit', group.commitRequest(epoch, options))).result;
}

async function conflict(knownSequence: bigint): Promise<unknown> {
  const result = await submit(0n, { knownSequence });
  if (result?.$case !== 'conflict') throw new Error(`no conflict but ${result?.$case}`);
  return [result.value.entries.map(({ sequence }) => sequence), result.value.complete];
}

function receiptOf(result: Result): string {
  return result?.$case === 'accepted' ? result.value.receipt : '';
}

function rejected(reason: string): unknown {
  return expect.objectContaining({
    $case: 'rejected',
    value: expect.objectContaining({ reason: `SUBMISSION_REJECTION_REASON_${reason}` }),
  });
}

describe('SubmitCommit', () => {
  it('accepts a commit, moves the epoch on and logs the bytes as they came', async () => {
    const commit = group.privateMessage(ContentType.commit, 0n);
    expect(await submit(0n, { commit })).toEqual({
      $case: 'accepted',
      value: { sequence: 1n, alreadyAccepted: false, receipt: expect.any(String) },
    });
    expect((await bench.store.groupLog.findGroup(group.id))?.epoch).toBe(1n);
    const { entries, end } = await alice.call('readGroup', group.readRequest(1n));
    expect(end).toBe(true);
    expect(entries).toEqual([
      {
        sequence: 1n,
        kind: 'LOG_ENTRY_KIND_COMMIT',
        epoch: 0n,
        mlsMessage: new Uint8Array(commit),
        receipt: expect.any(String),
      },
    ]);
  });

  it('gives the first answer again to the same bytes, also epochs later', async () => {
    const requestId = random(16);
    const commit = group.privateMessage(ContentType.commit, 0n);
    const first = await submit(0n, { requestId, commit });
    await group.commit(alice, 1n);
    const receipt = receiptOf(first);
    expect(receipt).not.toBe('');
    expect(await submit(0n, { requestId, commit })).toEqual({
      $case: 'accepted',
      value: { sequence: 1n, alreadyAccepted: true, receipt },
    });
    expect(await group.readAll(alice, 2n)).toEqual([1n, 2n]);
  });

  it('tells the loser which commit won, and shows what the loser lacks and may read [R14-01]', async () => {
    const commit = group.privateMessage(ContentType.commit, 0n);
    await group.send(alice, 0n);
    await submit(0n, { commit });
    await group.send(alice, 1n);
    expect(await submit(0n)).toEqual({
      $case: 'conflict',
      value: {
        currentEpoch: 1n,
        winningCommitHash: new Uint8Array(createHash('sha256').update(commit).digest()),
        entries: [expect.objectContaining({ sequence: 1n }), expect.objectContaining({ sequence: 2n })],
        complete: true,
      },
    });
  });

  it('shows the end of a long epoch, the winning commit last, in a conflict', async () => {
    for (let round = 0; round < 20; round += 1) await group.send(alice, 0n);
    await group.commit(alice, 0n);
    const { result } = await alice.call('submitCommit', group.commitRequest(0n));
    const entries = result?.$case === 'conflict' ? result.value.entries : [];
    expect(entries.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 16 }, (_, i) => BigInt(i + 6)),
    );
  });

  it('shows in a conflict what comes after the entry that the loser says to have, a page of it', async () => {
    await bench.close();
    await start({ CANOPY_PAGE_ENTRIES: '4' });
    for (let round = 0; round < 9; round += 1) await group.send(alice, 0n);
    await group.commit(alice, 0n);
    await group.send(alice, 1n);
    expect(await conflict(7n)).toEqual([[8n, 9n, 10n], true]);
    expect(await conflict(2n)).toEqual([[3n, 4n, 5n, 6n], false]);
    // It has everything that its epoch opens, or says so.
    expect(await conflict(10n)).toEqual([[], true]);
    expect(await conflict(2n ** 64n - 1n)).toEqual([[], true]);
  });

  it('rejects another commit under a used request id', async () => {
    const requestId = random(16);
    await submit(0n, { requestId });
    expect(await submit(0n, { requestId })).toEqual(rejected('REQUEST_ID_REUSED'));
  });

  it('rejects a repeated commit with another GroupInfo, tree or key than the first time, and keeps the first', async () => {
    const first = {
      requestId: random(16),
      commit: group.privateMessage(ContentType.commit, 0n),
      groupInfo: group.groupInfo(1n),
    };
    const receipt = receiptOf(await submit(0n, first));
    const before = await bench.store.groupLog.groupInfo(group.id);
    const others = [
      { groupInfo: group.groupInfo(1n) },
      { ratchetTree: new Uint8Array([0]) },
      { nextAccessKey: group.key(7n).publicKey },
    ];
    for (const other of others) {
      expect(await submit(0n, { ...first, ...other })).toEqual(rejected('REQUEST_ID_REUSED'));
    }
    expect(await bench.store.groupLog.groupInfo(group.id)).toEqual(before);
    const again = { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: true, receipt } };
    expect(await submit(0n, first)).toEqual(again);
    // The GroupInfo of an epoch that has ended is gone: only the key can be compared.
    await group.commit(alice, 1n);
    expect(await submit(0n, first)).toEqual(again);
    expect(await submit(0n, { ...first, nextAccessKey: group.key(7n).publicKey })).toEqual(
      rejected('REQUEST_ID_REUSED'),
    );
  });

  it('accepts one of fifty commits that come at the same time [R14-01]', async () => {
    const devices = await Promise.all(Array.from({ length: 5 }, (_, i) => bench.device(`user${i}`)));
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const device = devices[i % devices.length] ?? alice;
        return (await device.call('submitCommit', group.commitRequest(0n))).result?.$case;
      }),
    );
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'conflict')).toHaveLength(49);
    expect(await group.readAll(alice, 1n)).toEqual([1n]);
  });

  it('accepts a PublicMessage whose confirmation tag is that of the GroupInfo, and no other', async () => {
    const tag = random(32);
    const commit = group.publicCommit(0n, tag);
    expect(await submit(0n, { commit, groupInfo: group.groupInfo(1n, { tag: random(32) }) })).toEqual(
      rejected('GROUP_INFO_MISMATCH'),
    );
    expect(await submit(0n, { commit, groupInfo: group.groupInfo(1n, { tag }) })).toMatchObject({
      $case: 'accepted',
    });
  });

  it('brings each joiner its own part of the Welcome, with the tree', async () => {
    const refs = [random(32), random(32)];
    const recipients = refs.map((keyPackageRef, i) => ({ keyPackageRef, device: deviceOf(`joiner${i}`) }));
    const founder = await createMember(bench, 'founder');
    await founder.create();
    const { groupId } = founder.group;
    const { bundle } = await founder.prepare();
    const { ratchetTree } = bundle;
    await founder.submit({ ...bundle, welcome: welcomeFor(refs), welcomeRecipients: recipients });
    for (const [i, ref] of refs.entries()) {
      const joiner = await bench.device(`joiner${i}`);
      const { entries } = await waitForMail(joiner);
      expect(entries).toMatchObject([{ sequence: 1n, groupSequence: 1n }]);
      expect(entries[0]?.groupId).toEqual(Buffer.from(groupId));
      const hash = new Uint8Array(createHash('sha256').update(ratchetTree).digest());
      expect(entries[0]?.tree).toEqual({
        epoch: 1n,
        hash: Buffer.from(hash),
        size: BigInt(ratchetTree.length),
      });
      const { result } = await joiner.call('getRatchetTree', {
        groupId,
        epoch: 1n,
        hash,
        offset: 0n,
      });
      expect(result).toEqual({ $case: 'chunk', value: { bytes: Buffer.from(ratchetTree) } });
      const message = decodeMessage(entries[0]?.welcome ?? new Uint8Array());
      const secrets = message.wireFormat === WireFormat.welcome ? message.welcome.secrets : [];
      expect(secrets.map(({ newMember }) => newMember)).toEqual([ref]);
    }
    expect((await alice.call('readMailbox', { afterSequence: 0n, limit: 0 })).entries).toEqual([]);
  });

  it('delivers no Welcome of a commit that lost, only that of the one that won [R14-04]', async () => {
    const [won, lost, late] = [random(32), random(32), random(32)];
    expect(await submit(0n, welcomingBob(won))).toMatchObject({ $case: 'accepted' });
    expect(await submit(0n, welcomingBob(lost))).toMatchObject({ $case: 'conflict' });
    // A later Welcome goes the same way: when it is there, one of the loser would be there too.
    expect(await submit(1n, welcomingBob(late))).toMatchObject({ $case: 'accepted' });
    const bob = await bench.device('bob');
    const { entries } = await waitForMail(bob, 1n);
    const joined = entries.map(({ welcome }) => {
      const message = decodeMessage(welcome ?? new Uint8Array());
      return message.wireFormat === WireFormat.welcome && message.welcome.secrets.map((one) => one.newMember);
    });
    expect(joined).toEqual([[won], [late]]);
  });

  const cases: readonly [string, string, () => CommitOptions][] = [
    ['MALFORMED', 'a commit that is no MLSMessage', () => ({ commit: random(40) })],
    ['MALFORMED', 'an empty commit', () => ({ commit: new Uint8Array() })],
    [
      'MALFORMED',
      'a truncated commit',
      () => ({ commit: group.privateMessage(ContentType.commit, 0n).subarray(0, -1) }),
    ],
    ['WRONG_CONTENT', 'an application message', () => ({ commit: group.privateMessage(1, 0n) })],
    ['WRONG_CONTENT', 'a GroupInfo for a commit', () => ({ commit: group.groupInfo(1n) })],
    [
      'INVALID',
      'an external commit to a group whose tree is not known',
      () => {
        const tag = random(32);
        const commit = group.publicCommit(0n, tag, { senderType: SenderType.newMemberCommit });
        return { commit, groupInfo: group.groupInfo(1n, { tag }) };
      },
    ],
    ['WRONG_GROUP', 'a commit of another group', () => ({ commit: group.privateMessage(3, 0n, random(16)) })],
    ['WRONG_EPOCH', 'a commit of another epoch', () => ({ commit: group.privateMessage(3, 7n) })],
    ['MALFORMED', 'a GroupInfo that is none', () => ({ groupInfo: random(40) })],
    ['WRONG_CONTENT', 'a commit for a GroupInfo', () => ({ groupInfo: group.privateMessage(3, 0n) })],
    ['GROUP_INFO_MISMATCH', 'a GroupInfo of the same epoch', () => ({ groupInfo: group.groupInfo(0n) })],
    [
      'GROUP_INFO_MISMATCH',
      'a GroupInfo of another group',
      () => ({ groupInfo: group.groupInfo(1n, { groupId: random(16) }) }),
    ],
    [
      'GROUP_INFO_MISMATCH',
      'a GroupInfo of another suite',
      () => ({ groupInfo: group.groupInfo(1n, { suite: 2 }) }),
    ],
    ['MALFORMED', 'an access key that is too short', () => ({ nextAccessKey: random(31) })],
    ['MALFORMED', 'a ratchet tree that is none', () => ({ ratchetTree: random(3).fill(0xff) })],
    ['WELCOME_MISMATCH', 'recipients without a Welcome', () => ({ recipients: [recipient(random(32))] })],
    ['WELCOME_MISMATCH', 'a Welcome without recipients', () => ({ welcome: welcomeFor([random(32)]) })],
    ['WELCOME_MISMATCH', 'a Welcome of another suite', () => withWelcome([random(32)], 2)],
    [
      'WELCOME_MISMATCH',
      'a recipient that has no entry',
      () => ({ welcome: welcomeFor([random(32)]), recipients: [recipient(random(32))] }),
    ],
    [
      'WELCOME_MISMATCH',
      'one device twice',
      () => {
        const refs = [random(32), random(32)];
        return { welcome: welcomeFor(refs), recipients: refs.map((ref) => recipient(ref)) };
      },
    ],
    [
      'WELCOME_MISMATCH',
      'one KeyPackage twice',
      () => {
        const refs = [random(32), random(32)];
        const [ref = random(32)] = refs;
        return { welcome: welcomeFor(refs), recipients: [recipient(ref), recipient(ref, deviceOf('carol'))] };
      },
    ],
    ['WELCOME_MISMATCH', 'a recipient that is no device', () => withWelcome([random(32)], 1, 'bob')],
    [
      'WELCOME_MISMATCH',
      'a recipient of another domain',
      () => withWelcome([random(32)], 1, 'mimi://example.org/d/bob/device01'),
    ],
    ['WRONG_CONTENT', 'a GroupInfo for a Welcome', () => ({ welcome: group.groupInfo(1n) })],
  ];

  it.each(cases)('rejects with %s: %s, and stores nothing', async (reason, _, options) => {
    expect(await submit(0n, options())).toEqual(rejected(reason));
    expect(await bench.store.groupLog.findGroup(group.id)).toMatchObject({ epoch: 0n, lastSequence: 0n });
    expect(await bench.store.groupLog.groupInfo(group.id)).toBeUndefined();
    expect(await allPending(bench.store.groupLog)).toEqual([]);
    expect(await submit(0n)).toMatchObject({ $case: 'accepted' });
  });

  it('rejects what is too large: bundle, number of joiners, bytes for their mailboxes', async () => {
    await bench.close();
    await start({
      CANOPY_MAX_BUNDLE_BYTES: '4096',
      CANOPY_MAX_WELCOME_RECIPIENTS: '3',
      CANOPY_MAX_WELCOME_BYTES: '1024',
    });
    const noise = encodeMessage({
      wireFormat: WireFormat.privateMessage,
      privateMessage: {
        groupId: group.id,
        epoch: 0n,
        contentType: ContentType.commit,
        authenticatedData: new Uint8Array(),
        encryptedSenderData: random(16),
        ciphertext: random(4096),
      },
    });
    expect(await submit(0n, { commit: noise })).toEqual(rejected('TOO_LARGE'));
    expect(await submit(0n, many(4))).toEqual(rejected('TOO_LARGE'));
    expect(await submit(0n, { ...many(3, 300) })).toEqual(rejected('TOO_LARGE'));
    expect(await submit(0n, many(3))).toMatchObject({ $case: 'accepted' });
  });
});

function recipient(
  keyPackageRef: Uint8Array,
  device = deviceOf('bob'),
): { keyPackageRef: Uint8Array; device: string } {
  return { keyPackageRef, device };
}

function withWelcome(refs: readonly Uint8Array[], suite: number, device = deviceOf('bob')): CommitOptions {
  return { welcome: welcomeFor(refs, suite), recipients: refs.map((ref) => recipient(ref, device)) };
}

function many(count: number, groupInfoLength?: number): CommitOptions {
  const refs = Array.from({ length: count }, () => random(32));
  const recipients = refs.map((ref, i) => recipient(ref, deviceOf(`joiner${i}`)));
  return { welcome: welcomeFor(refs, 1, groupInfoLength), recipients };
}

/** A tree of blank nodes: a vector of so many absent ones. */
/** The mover works beside the answer: a subscription tells when it has been there. */
/** What a commit that adds Bob brings along. */
function welcomingBob(keyPackageRef: Uint8Array): CommitOptions {
  const recipients = [{ keyPackageRef, device: deviceOf('bob') }];
  return { welcome: welcomeFor([keyPackageRef]), recipients };
}

/** Gives the whole mailbox once there is something behind the given number. */
async function waitForMail(
  device: Device,
  afterSequence = 0n,
): ReturnType<typeof device.call<'readMailbox'>> {
  const stream = device.stream();
  await stream.send({ request: { $case: 'mailbox', value: { afterSequence } } });
  for await (const { response } of stream.responses) {
    if (response?.$case === 'mailbox') break;
  }
  return device.call('readMailbox', { afterSequence: 0n, limit: 0 });
}
