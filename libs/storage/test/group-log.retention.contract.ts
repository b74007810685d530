/**
 * What every group log removes, and what it never does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { GroupLog, Retention } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import {
  append,
  appendAll,
  commit,
  endBy,
  group,
  groupId,
  inLog,
  message,
  NOW_MS,
} from './group-log.story.ts';

/** Keeps everything unless a test says otherwise. */
function retention(more: Partial<Retention> = {}): Retention {
  return { nowMs: NOW_MS, maxAgeMs: 1_000_000, maxEntries: 1000, budget: 1000, ...more };
}

async function sequences(log: GroupLog, id = groupId): Promise<readonly string[]> {
  return (await inLog(log, id)).map((entry) => entry.split(' ')[0] ?? '');
}

/** Runs the suite on stores made by `start`. */
export function retentionContract(start: StartBench<GroupLog>): void {
  it(
    'removes nothing within the limits',
    on(start, async (log) => {
      await log.createGroup(group);
      await appendAll(log, 0n, ['1', '2', '3']);
      expect(await log.prune(retention({ maxEntries: 3, maxAgeMs: 0 }))).toBe(0);
      expect(await sequences(log)).toEqual(['1', '2', '3']);
    }),
  );

  it(
    'removes the oldest entries of a log that is too long, and goes on counting where it was',
    on(start, async (log) => {
      await log.createGroup(group);
      await appendAll(log, 0n, ['1', '2', '3', '4', '5']);
      expect(await log.prune(retention({ maxEntries: 2 }))).toBe(3);
      expect(await sequences(log)).toEqual(['4', '5']);
      expect(await log.prune(retention({ maxEntries: 2 }))).toBe(0);
      expect((await log.findGroup(groupId))?.lastSequence).toBe(5n);
      expect(await append(log, message(0n, '6'))).toEqual({ outcome: 'accepted', sequence: 6n });
      expect(await log.prune(retention({ maxEntries: 2 }))).toBe(1);
    }),
  );

  it(
    'removes entries that are too old, from the beginning only: no hole',
    on(start, async (log) => {
      await log.createGroup(group);
      const ages = [500, 400, 100, 450, 0];
      for (const [i, age] of ages.entries()) await append(log, message(0n, `${i}`, { nowMs: NOW_MS - age }));
      expect(await log.prune(retention({ maxAgeMs: 400 }))).toBe(1);
      expect(await sequences(log)).toEqual(['2', '3', '4', '5']);
      expect(await log.prune(retention({ maxAgeMs: 399 }))).toBe(1);
      expect(await log.prune(retention({ maxAgeMs: 50 }))).toBe(2);
      expect(await sequences(log)).toEqual(['5']);
    }),
  );

  it(
    'never removes the newest entry of a group, however old, nor what its epochs are known by',
    on(start, async (log) => {
      await log.createGroup(group);
      await appendAll(log, 0n, ['m']);
      await log.appendCommit(commit(0n, 'a'));
      await log.appendCommit(commit(1n, 'b'));
      const later = retention({ nowMs: NOW_MS + 10 ** 12, maxEntries: 1 });
      expect(await log.prune(later)).toBe(2);
      expect(await log.prune(later)).toBe(0);
      expect(await inLog(log)).toEqual(['3 commit b']);
      expect((await log.findEpoch(groupId, 0n))?.ended).toEqual(endBy('a', 2n));
      expect(await log.appendCommit(commit(0n, 'z'))).toEqual({
        outcome: 'conflict',
        currentEpoch: 2n,
        winningCommitHash: named('hash a'),
      });
      expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
      expect((await log.groupInfo(groupId))?.groupInfo).toEqual(named('info b'));
    }),
  );

  it(
    'still knows the request ids of what it keeps, and no longer those of what went',
    on(start, async (log) => {
      await log.createGroup(group);
      await appendAll(log, 0n, ['1', '2', '3']);
      await log.prune(retention({ maxEntries: 2 }));
      for (const [name, sequence] of [
        ['2', 2n],
        ['3', 3n],
      ] as const)
        expect(await append(log, message(0n, name))).toEqual({ outcome: 'alreadyAccepted', sequence });
      expect(await append(log, message(0n, '1'))).toEqual({ outcome: 'accepted', sequence: 4n });
    }),
  );

  it(
    'removes at most what it may, and goes on from there the next time, in all groups',
    on(start, async (log) => {
      const ids = ['g1', 'g2', 'g3'].map(named);
      for (const id of ids) {
        await log.createGroup({ ...group, groupId: id });
        await log.appendMessages(['1', '2', '3', '4'].map((name) => message(0n, name, { groupId: id })));
      }
      const limits = retention({ maxEntries: 1, budget: 4 });
      const removed = [await log.prune(limits), await log.prune(limits), await log.prune(limits)];
      expect(removed).toEqual([4, 4, 1]);
      for (const id of ids) expect(await sequences(log, id)).toEqual(['4']);
    }),
  );

  it(
    'shows a reader that entries are missing by the first one that is there',
    on(start, async (log) => {
      await log.createGroup(group);
      await appendAll(log, 0n, ['1', '2', '3', '4']);
      await log.prune(retention({ maxEntries: 2 }));
      const [first] = await log.read({ groupId, afterSequence: 1n, limit: 1, maxBytes: 1000 });
      expect(first?.sequence).toBe(3n);
    }),
  );

  it(
    'removes the trees of epochs that are over and too old, and tickets that have expired',
    on(start, async (log) => {
      await log.createGroup(group);
      const welcomes = [{ device: 'bob', welcome: named('w') }];
      await log.appendCommit(commit(0n, 'a', { ratchetTree: named('tree 1'), welcomes }));
      const hasTree = async (epoch: bigint): Promise<boolean> =>
        (await log.readTree({ groupId, epoch, offset: 0, maxBytes: 9 })) !== undefined;
      const later = retention({ nowMs: NOW_MS + 101, maxAgeMs: 100 });
      await log.prune(later);
      expect(await hasTree(1n)).toBe(true);
      await log.appendCommit(commit(1n, 'b', { ratchetTree: named('tree 2'), welcomes }));
      await log.prune(retention({ nowMs: NOW_MS + 100, maxAgeMs: 100 }));
      expect(await hasTree(1n)).toBe(true);
      await log.prune(later);
      expect([await hasTree(1n), await hasTree(2n)]).toEqual([false, true]);
      const ticket = {
        groupId,
        tokenHash: named('t'),
        epoch: 2n,
        expiresAtMs: NOW_MS + 50,
        nowMs: NOW_MS,
        maxTickets: 9,
      };
      await log.addTicket(ticket);
      await log.prune(retention({ nowMs: NOW_MS + 50 }));
      expect(await log.hasTicket(groupId, named('t'), NOW_MS)).toBe(true);
      await log.prune(retention({ nowMs: NOW_MS + 51 }));
      expect(await log.hasTicket(groupId, named('t'), NOW_MS)).toBe(false);
    }),
  );
}
