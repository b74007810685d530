/**
 * What every group log does when it is shown that it has lost what it had accepted.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { GroupLog, LostMessage, Restoration } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
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
  NOW_MS,
} from './group-log.story.ts';

/** What a member has of the commit `name`, and of the messages before it. */
function restoration(
  epoch: bigint,
  name: string,
  sequence: bigint,
  more: Partial<Restoration> = {},
): Restoration {
  return {
    groupId,
    messages: [],
    epoch,
    ended: endBy(name, sequence),
    commit: named(`commit ${name}`),
    groupInfo: named(`info ${name}`),
    nowMs: NOW_MS,
    ...more,
  };
}

function lost(sequence: bigint, epoch: bigint, name: string): LostMessage {
  return { sequence, epoch, kind: 'application', message: named(`message ${name}`) };
}

/** A log that has kept entry 1 and lost: the message `m` (2), the commit `a` (3) and the commit `b` (4). */
async function lossy(log: GroupLog): Promise<void> {
  await log.createGroup(group);
  await appendAll(log, 0n, ['kept']);
}

const LOST = [restoration(0n, 'a', 3n, { messages: [lost(2n, 0n, 'm')] }), restoration(1n, 'b', 4n)] as const;
const MARK = { epoch: 1n, sequence: 4n };

/** Runs the suite on stores made by `start`. */
export function repairContract(start: StartBench<GroupLog>): void {
  it(
    'takes nothing while it is in quarantine, and says until when',
    on(start, async (log) => {
      await lossy(log);
      expect(await log.quarantine(groupId, MARK)).toEqual({ outcome: 'quarantined' });
      expect(await log.quarantine(groupId, MARK)).toEqual({ outcome: 'quarantined' });
      const refused = { outcome: 'quarantined', until: MARK };
      expect(
        await log.appendCommit(commit(0n, 'x', { welcomes: [{ device: 'd', welcome: named('w') }] })),
      ).toEqual(refused);
      for (const kind of ['application', 'proposal'] as const)
        expect(await append(log, message(0n, kind, { kind }))).toEqual(refused);
      expect(await inLog(log)).toEqual(['1 message kept']);
      expect(await allPending(log)).toEqual([]);
      expect(await log.findGroup(groupId)).toMatchObject({
        epoch: 0n,
        lastSequence: 1n,
        quarantinedUntil: MARK,
      });
    }),
  );

  it(
    'still knows in quarantine what it has, and leaves other groups alone',
    on(start, async (log) => {
      await lossy(log);
      const other = named('other');
      await log.createGroup({ ...group, groupId: other });
      await log.quarantine(groupId, MARK);
      expect(await append(log, message(0n, 'kept'))).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
      expect(await append(log, message(0n, 'm', { groupId: other }))).toEqual({
        outcome: 'accepted',
        sequence: 1n,
      });
    }),
  );

  it(
    'does not go into quarantine for a mark that it reaches, nor for a group that it does not know',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a'));
      expect(await log.quarantine(groupId, { epoch: 0n, sequence: 1n })).toEqual({ outcome: 'notBehind' });
      expect(await log.quarantine(named('no'), MARK)).toEqual({ outcome: 'unknownGroup' });
      expect((await log.findGroup(groupId))?.quarantinedUntil).toBeUndefined();
      expect((await log.appendCommit(commit(1n, 'b'))).outcome).toBe('accepted');
    }),
  );

  it(
    'does not wait for a commit whose place another entry has taken since',
    on(start, async (log) => {
      await lossy(log);
      await appendAll(log, 0n, ['after the loss', 'and more', 'and more still']);
      expect(await log.quarantine(groupId, MARK)).toEqual({ outcome: 'notBehind' });
      expect((await log.appendCommit(commit(0n, 'c'))).outcome).toBe('accepted');
    }),
  );

  it(
    'opens again when it turns out that another entry has the place of an earlier lost one',
    on(start, async (log) => {
      await lossy(log);
      await appendAll(log, 0n, ['after the loss', 'and more']);
      expect(await log.quarantine(groupId, MARK)).toEqual({ outcome: 'quarantined' });
      expect(await log.restore(LOST[0])).toEqual({ outcome: 'contradicts' });
      expect((await log.findGroup(groupId))?.quarantinedUntil).toBeUndefined();
      expect(await inLog(log)).toEqual(['1 message kept', '2 message after the loss', '3 message and more']);
      expect(await log.appendCommit(commit(0n, 'c'))).toEqual({ outcome: 'accepted', sequence: 4n });
    }),
  );

  it(
    'opens again exactly when the mark is reached, and not before',
    on(start, async (log) => {
      await lossy(log);
      await log.quarantine(groupId, MARK);
      expect(await log.restore(LOST[0])).toEqual({ outcome: 'restored' });
      expect((await append(log, message(1n, 'x'))).outcome).toBe('quarantined');
      expect(await log.restore(LOST[1])).toEqual({ outcome: 'restored' });
      expect(await inLog(log)).toEqual(['1 message kept', '2 message m', '3 commit a', '4 commit b']);
      expect(await log.findGroup(groupId)).toMatchObject({
        epoch: 2n,
        lastSequence: 4n,
        quarantinedUntil: undefined,
      });
      expect(await append(log, message(2n, 'x'))).toEqual({ outcome: 'accepted', sequence: 5n });
      expect(await log.appendCommit(commit(2n, 'c'))).toEqual({ outcome: 'accepted', sequence: 6n });
    }),
  );

  it(
    'waits for the later of two marks, in whatever order they are shown',
    on(start, async (log) => {
      const early = { epoch: 0n, sequence: 3n };
      for (const marks of [
        [early, MARK],
        [MARK, early],
      ]) {
        const id = named(`order ${marks[0]?.epoch}`);
        await log.createGroup({ ...group, groupId: id });
        await log.appendMessages([message(0n, 'kept', { groupId: id })]);
        for (const mark of marks) await log.quarantine(id, mark);
        await log.restore({ ...LOST[0], groupId: id });
        expect((await log.findGroup(id))?.quarantinedUntil).toEqual(MARK);
        await log.restore({ ...LOST[1], groupId: id });
        expect((await log.findGroup(id))?.quarantinedUntil).toBeUndefined();
      }
    }),
  );

  it(
    'makes a restored commit what it was: its end of the epoch, its key, its GroupInfo and tree',
    on(start, async (log) => {
      await lossy(log);
      await log.restore({ ...LOST[0], ratchetTree: named('tree') });
      expect(await log.findEpoch(groupId, 0n)).toEqual({
        epoch: 0n,
        accessKey: named('key 0'),
        ended: endBy('a', 3n),
      });
      expect((await log.findEpoch(groupId, 1n))?.accessKey).toEqual(named('key a'));
      expect(await log.groupInfo(groupId)).toMatchObject({
        epoch: 1n,
        groupInfo: named('info a'),
        tree: { size: 4 },
      });
      expect((await log.readTree({ groupId, epoch: 1n, offset: 0, maxBytes: 9 }))?.bytes).toEqual(
        named('tree'),
      );
    }),
  );

  it(
    'says that a commit is there, and that another one or another entry has its place, and changes nothing',
    on(start, async (log) => {
      await lossy(log);
      await log.restore(LOST[0]);
      const before = await inLog(log);
      expect(await log.restore(LOST[0])).toEqual({ outcome: 'alreadyThere' });
      expect(await log.restore(restoration(0n, 'z', 3n))).toEqual({ outcome: 'contradicts' });
      expect(await log.restore(restoration(0n, 'a', 2n))).toEqual({ outcome: 'contradicts' });
      expect(await log.restore(restoration(1n, 'b', 3n))).toEqual({ outcome: 'contradicts' });
      expect(await log.restore(restoration(0n, 'a', 3n, { groupId: named('no') }))).toEqual({
        outcome: 'unknownGroup',
      });
      expect(await inLog(log)).toEqual(before);
      expect(await log.restore(LOST[1])).toEqual({ outcome: 'restored' });
    }),
  );

  it(
    'restores all or nothing: not over a hole, not out of order, not an epoch too early',
    on(start, async (log) => {
      await lossy(log);
      await log.quarantine(groupId, MARK);
      const m = lost(2n, 0n, 'm');
      for (const torn of [
        LOST[1],
        restoration(0n, 'a', 3n),
        restoration(0n, 'a', 4n, { messages: [m] }),
        restoration(0n, 'a', 4n, { messages: [lost(3n, 0n, 'n'), m] }),
        restoration(0n, 'a', 3n, { messages: [lost(1n, 0n, 'kept'), m] }),
        restoration(0n, 'a', 4n, { messages: [m, m] }),
      ])
        expect(await log.restore(torn)).toEqual({ outcome: 'gap' });
      expect(await inLog(log)).toEqual(['1 message kept']);
      expect(await log.groupInfo(groupId)).toBeUndefined();
      expect(await log.restore(LOST[0])).toEqual({ outcome: 'restored' });
    }),
  );

  it(
    'knows what was restored by its bytes: a retry under the lost request id makes no duplicate',
    on(start, async (log) => {
      await lossy(log);
      for (const one of LOST) await log.restore(one);
      expect(await append(log, message(0n, 'm'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
      expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'alreadyAccepted', sequence: 3n });
      expect(await log.appendCommit(commit(1n, 'b'))).toEqual({ outcome: 'alreadyAccepted', sequence: 4n });
      expect(await append(log, message(2n, 'new'))).toEqual({ outcome: 'accepted', sequence: 5n });
      expect(await inLog(log)).toHaveLength(5);
    }),
  );

  it(
    'restores what was sent twice under two request ids in both places, and tells a retry of the first',
    on(start, async (log) => {
      await lossy(log);
      const twice = [lost(2n, 0n, 'm'), lost(3n, 0n, 'm')];
      expect(await log.restore(restoration(0n, 'a', 4n, { messages: twice }))).toEqual({
        outcome: 'restored',
      });
      expect(await inLog(log)).toEqual(['1 message kept', '2 message m', '3 message m', '4 commit a']);
      expect(await append(log, message(0n, 'm'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
    }),
  );

  it(
    'wakes the readers of a log that was repaired',
    on(start, async (log) => {
      await lossy(log);
      const woken = new Promise<void>((resolve) => {
        log.onAppend(groupId, resolve);
      });
      await log.restore(LOST[0]);
      await woken;
    }),
  );

  it(
    'restores once when several members hand the same in at once',
    on(start, async (log, bench) => {
      await lossy(log);
      await log.quarantine(groupId, MARK);
      const logs = [log, await bench.open(), await bench.open()];
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => (logs[i % logs.length] ?? log).restore(LOST[0])),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'restored')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'alreadyThere')).toHaveLength(11);
      expect(await inLog(log)).toEqual(['1 message kept', '2 message m', '3 commit a']);
    }),
  );
}
