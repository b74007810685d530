/**
 * What every group log does.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { GroupLog, NewCommit } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { behavesAsTheModel } from './group-log.random.ts';
import { orderContract } from './group-log.order.contract.ts';
import { repairContract } from './group-log.repair.contract.ts';
import { retentionContract } from './group-log.retention.contract.ts';
import {
  allPending,
  append,
  appendAll,
  commit,
  endBy,
  group,
  groupId,
  inLog,
  message,
  readAll,
  treeOf,
} from './group-log.story.ts';
import { treesContract } from './group-log.trees.contract.ts';

function welcomeTo(device: string): NewCommit['welcomes'] {
  return [{ device, welcome: named(device) }];
}

/** Groups whose outboxes are found by the same list: those whose hashes begin alike. */
const crowd = Array.from({ length: 4000 }, (_, i) => named(`crowd ${i}`))
  .filter((id) => (createHash('sha256').update(id).digest()[0] ?? 0) % 64 === 7)
  .slice(0, 40);

/** Runs the suite on stores made by `start`; `runs` is how many random histories are tried. */
export function groupLogContract(start: StartBench<GroupLog>, runs: number): void {
  it(
    'opens a group once, and says the same to the same request again even when the group has moved on',
    on(start, async (log) => {
      expect(await log.createGroup(group)).toEqual({ outcome: 'created' });
      expect(await log.createGroup(group)).toEqual({ outcome: 'same' });
      await log.appendCommit(commit(0n, 'a'));
      expect(await log.createGroup(group)).toEqual({ outcome: 'same' });
      expect(await log.createGroup({ ...group, accessKey: named('other') })).toEqual({ outcome: 'exists' });
      expect(await log.createGroup({ ...group, cipherSuite: 2 })).toEqual({ outcome: 'exists' });
      expect((await log.findGroup(groupId))?.epoch).toBe(1n);
    }),
  );

  it(
    'knows nothing of a group that was not opened',
    on(start, async (log) => {
      expect(await log.findGroup(groupId)).toBeUndefined();
      expect(await log.findEpoch(groupId, 0n)).toBeUndefined();
      expect(await log.groupInfo(groupId)).toBeUndefined();
      expect(await readAll(log)).toEqual([]);
      expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'unknownGroup' });
      expect(await append(log, message(0n, 'a'))).toEqual({ outcome: 'unknownGroup' });
    }),
  );

  it(
    'lets everything of a commit take effect together',
    on(start, async (log) => {
      await log.createGroup(group);
      await append(log, message(0n, 'hello'));
      const welcomes = [
        { device: 'bob-1', welcome: named('welcome 1') },
        { device: 'bob-2', welcome: named('welcome 2') },
      ];
      const answer = await log.appendCommit(commit(0n, 'a', { welcomes, ratchetTree: named('tree') }));
      expect(answer).toEqual({ outcome: 'accepted', sequence: 2n });
      expect(await log.findGroup(groupId)).toEqual({
        cipherSuite: 1,
        epoch: 1n,
        lastSequence: 2n,
        accessKeys: [
          { epoch: 1n, accessKey: named('key a'), ended: undefined },
          { epoch: 0n, accessKey: named('key 0'), ended: endBy('a', 2n) },
        ],
        quarantinedUntil: undefined,
      });
      const tree = treeOf(named('tree'));
      expect(await log.groupInfo(groupId)).toEqual({
        epoch: 1n,
        groupInfo: named('info a'),
        tree,
      });
      const origin = { groupId, groupSequence: 2n, epoch: 1n, tree };
      expect(await allPending(log)).toEqual([
        { ...origin, device: 'bob-1', welcome: named('welcome 1') },
        { ...origin, device: 'bob-2', welcome: named('welcome 2') },
      ]);
    }),
  );

  it(
    'accepts one commit per epoch and tells the others who won, and changes nothing for them',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a'));
      const welcomes = [{ device: 'bob', welcome: named('never') }];
      expect(await log.appendCommit(commit(0n, 'b', { welcomes }))).toEqual({
        outcome: 'conflict',
        currentEpoch: 1n,
        winningCommitHash: named('hash a'),
      });
      expect(await inLog(log)).toEqual(['1 commit a']);
      expect(await allPending(log)).toEqual([]);
      expect((await log.groupInfo(groupId))?.groupInfo).toEqual(named('info a'));
    }),
  );

  it(
    'refuses a commit for an epoch that has not begun, however far ahead',
    on(start, async (log) => {
      await log.createGroup(group);
      for (const epoch of [1n, 2n ** 63n, 2n ** 64n - 1n])
        expect(await log.appendCommit(commit(epoch, `at ${epoch}`))).toEqual({
          outcome: 'conflict',
          currentEpoch: 0n,
          winningCommitHash: undefined,
        });
      expect(await log.findEpoch(groupId, 2n ** 64n - 1n)).toBeUndefined();
    }),
  );

  it(
    'answers a repeated request as the first time, also after the epoch has moved on',
    on(start, async (log) => {
      await log.createGroup(group);
      await append(log, message(0n, 'm'));
      await log.appendCommit(commit(0n, 'a'));
      await log.appendCommit(commit(1n, 'b'));
      await log.appendCommit(commit(2n, 'c'));
      expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
      expect(await append(log, message(0n, 'm'))).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
      expect(await inLog(log)).toEqual(['1 message m', '2 commit a', '3 commit b', '4 commit c']);
    }),
  );

  it(
    'refuses a request id that was used for something else, per group',
    on(start, async (log) => {
      const other = named('other group');
      await log.createGroup(group);
      await log.createGroup({ ...group, groupId: other });
      await append(log, message(0n, 'm'));
      const reused = { outcome: 'requestIdReused' };
      expect(await append(log, message(0n, 'm', { message: named('changed') }))).toEqual(reused);
      expect(await append(log, message(0n, 'm', { kind: 'proposal' }))).toEqual(reused);
      expect(await log.appendCommit(commit(0n, 'm'))).toEqual(reused);
      const elsewhere = await append(log, message(0n, 'm', { groupId: other }));
      expect(elsewhere).toEqual({ outcome: 'accepted', sequence: 1n });
    }),
  );

  it(
    'appends application messages for as many past epochs as asked, and proposals for the current one only',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a'));
      await log.appendCommit(commit(1n, 'b'));
      const late = { maxPastEpochs: 1 };
      expect((await append(log, message(2n, '1', late))).outcome).toBe('accepted');
      expect((await append(log, message(1n, '2', late))).outcome).toBe('accepted');
      expect(await append(log, message(0n, '3', late))).toEqual({
        outcome: 'conflict',
        currentEpoch: 2n,
        winningCommitHash: named('hash a'),
      });
      expect((await append(log, message(3n, '4', late))).outcome).toBe('conflict');
      const proposal = { ...late, kind: 'proposal' } as const;
      expect((await append(log, message(2n, '5', proposal))).outcome).toBe('accepted');
      expect((await append(log, message(1n, '6', proposal))).outcome).toBe('conflict');
      expect((await readAll(log)).map(({ kind, epoch }) => `${kind} ${epoch}`)).toEqual([
        'commit 0',
        'commit 1',
        'application 2',
        'application 1',
        'proposal 2',
      ]);
    }),
  );

  it(
    'reads after a cursor, up to a limit of entries, of bytes and of sequence',
    on(start, async (log) => {
      await log.createGroup(group);
      for (const name of ['1', '2', '3', '4', '5'])
        await append(log, message(0n, name, { message: new Uint8Array(100).fill(Number(name)) }));
      const page = { groupId, afterSequence: 1n, limit: 10, maxBytes: 1000 };
      const sequences = async (query: typeof page & { upToSequence?: bigint }): Promise<readonly bigint[]> =>
        (await log.read(query)).map(({ sequence }) => sequence);
      expect(await sequences(page)).toEqual([2n, 3n, 4n, 5n]);
      expect(await sequences({ ...page, limit: 2 })).toEqual([2n, 3n]);
      expect(await sequences({ ...page, maxBytes: 200 })).toEqual([2n, 3n]);
      expect(await sequences({ ...page, maxBytes: 299 })).toEqual([2n, 3n]);
      expect(await sequences({ ...page, maxBytes: 1 })).toEqual([2n]);
      expect(await sequences({ ...page, upToSequence: 3n })).toEqual([2n, 3n]);
      expect(await sequences({ ...page, afterSequence: 5n })).toEqual([]);
      expect(await sequences({ ...page, afterSequence: 2n ** 64n - 1n })).toEqual([]);
    }),
  );

  it(
    'keeps every epoch key, so that a device that was long away can show that it was a member',
    on(start, async (log) => {
      await log.createGroup(group);
      for (let epoch = 0n; epoch < 30n; epoch++) await log.appendCommit(commit(epoch, `${epoch}`));
      const summary = await log.findGroup(groupId);
      expect(summary?.accessKeys.map(({ epoch }) => epoch)).toEqual([
        30n,
        29n,
        28n,
        27n,
        26n,
        25n,
        24n,
        23n,
        22n,
      ]);
      expect(await log.findEpoch(groupId, 3n)).toEqual({
        epoch: 3n,
        accessKey: named('key 2'),
        ended: endBy('3', 4n),
      });
    }),
  );

  it(
    'keeps Welcomes in the outbox until they are completed, the oldest first',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a', { welcomes: welcomeTo('bob') }));
      await log.appendCommit(commit(1n, 'b', { welcomes: welcomeTo('carol') }));
      const [first] = await allPending(log);
      expect(first?.device).toBe('bob');
      if (first !== undefined) await log.completeOutbox([first]);
      if (first !== undefined) await log.completeOutbox([first]);
      expect((await allPending(log)).map(({ device }) => device)).toEqual(['carol']);
    }),
  );

  it(
    'finds the Welcomes of a group behind any number of groups whose outboxes are empty now',
    on(start, async (log) => {
      for (const id of crowd) {
        await log.createGroup({ ...group, groupId: id });
        await log.appendCommit(commit(0n, 'a', { groupId: id, welcomes: welcomeTo('bob') }));
      }
      const [last, ...others] = (await allPending(log)).toReversed();
      expect(others).toHaveLength(crowd.length - 1);
      await log.completeOutbox(others);
      expect(await allPending(log)).toEqual([last]);
      // A page is never larger than was asked for.
      for await (const page of log.pendingOutbox(1)) expect(page).toEqual([last]);
    }),
  );

  it(
    'comes to every Welcome once, also when those before it are never completed',
    on(start, async (log) => {
      await log.createGroup(group);
      const welcomes = Array.from({ length: 23 }, (_, i) => ({ device: `d${i}`, welcome: named('w') }));
      await log.appendCommit(commit(0n, 'a', { welcomes: welcomes.slice(0, 20) }));
      await log.appendCommit(commit(1n, 'b', { welcomes: welcomes.slice(20) }));
      const seen: string[] = [];
      for await (const page of log.pendingOutbox(3)) {
        seen.push(...page.map(({ device }) => device));
        await log.completeOutbox(page.slice(1));
      }
      expect(seen.toSorted()).toEqual(welcomes.map(({ device }) => device).toSorted());
      const left = await allPending(log);
      expect(left).toHaveLength(8);
      await log.completeOutbox(left);
      expect(await allPending(log)).toEqual([]);
    }),
  );

  it(
    'refuses two Welcomes for one device before anything is changed',
    on(start, async (log) => {
      await log.createGroup(group);
      const bob = { device: 'bob', welcome: named('w') };
      await expect(log.appendCommit(commit(0n, 'a', { welcomes: [bob, bob] }))).rejects.toThrow(RangeError);
      expect((await log.findGroup(groupId))?.epoch).toBe(0n);
    }),
  );

  it(
    'shows with each commit how it ended its epoch, the same at every reading and after every repetition',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a'));
      await appendAll(log, 1n, ['m']);
      await log.appendCommit(commit(1n, 'b'));
      const receipt = { acceptedAtMs: 5, previousReceiptHash: named('other'), keyId: 'other' };
      for (let round = 0; round < 2; round++) {
        const [a, m, b] = await readAll(log);
        expect(a).toMatchObject({ kind: 'commit', ended: endBy('a', 1n) });
        expect(m).toEqual({ sequence: 2n, kind: 'application', epoch: 1n, message: named('message m') });
        expect(b).toMatchObject({ kind: 'commit', ended: endBy('b', 3n) });
        expect((await log.findEpoch(groupId, 0n))?.ended).toEqual(endBy('a', 1n));
        const repeated = await log.appendCommit(commit(0n, 'a', { receipt }));
        expect(repeated).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
      }
    }),
  );

  it(
    'knows the commit that ended an epoch by its hash, under whatever request id',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a'));
      await log.appendCommit(commit(1n, 'b'));
      const again = commit(0n, 'a', { requestId: named('another request') });
      expect(await log.appendCommit(again)).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
      const elsewhere = commit(1n, 'a', { requestId: named('yet another') });
      expect((await log.appendCommit(elsewhere)).outcome).toBe('conflict');
    }),
  );

  orderContract(start);
  treesContract(start);
  repairContract(start);
  retentionContract(start);
  behavesAsTheModel(start, runs);
}
