/**
 * What every group log does with much at once: batches, races, readers beside writers, wake-ups.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { GroupLog } from '../src/index.ts';
import { named, on, sleeper } from './bench.ts';
import type { StartBench } from './bench.ts';
import { append, commit, group, groupId, inLog, message, readAll } from './group-log.story.ts';

/** Runs the suite on stores made by `start`. */
export function orderContract(start: StartBench<GroupLog>): void {
  it(
    'wakes the readers of a group after an append, and of that group only',
    on(start, async (log) => {
      await log.createGroup(group);
      const [reader, other, stopped] = [sleeper(), sleeper(), sleeper()];
      log.onAppend(groupId, reader.wake);
      log.onAppend(named('other'), other.wake);
      const stop = log.onAppend(groupId, stopped.wake);
      stop();
      stop();
      for (let i = 0; i < 10; i++) {
        const woken = reader.next();
        await append(log, message(0n, `${i}`));
        await woken;
      }
      // A store may call once when a subscription takes effect.
      expect(other.calls()).toBeLessThanOrEqual(1);
      expect(stopped.calls()).toBe(0);
    }),
  );

  it(
    'wakes the readers on other connections too',
    on(start, async (log, bench) => {
      await log.createGroup(group);
      const reader = await bench.open();
      const seen: bigint[] = [];
      const hasAll = new Promise<void>((resolve) => {
        reader.onAppend(groupId, () => {
          void reader
            .read({ groupId, afterSequence: 0n, limit: 10, maxBytes: 1000 })
            .then((page) => (seen.push(BigInt(page.length)) > 0 && page.length === 2 ? resolve() : undefined))
            // A wake-up may come after the last one that matters, when the bench is ending.
            .catch(() => {});
        });
      });
      await append(log, message(0n, '1'));
      await log.appendCommit(commit(0n, 'a'));
      await hasAll;
      expect(seen.at(-1)).toBe(2n);
    }),
  );

  it(
    'accepts one of many commits that are offered at once through several connections',
    on(start, async (log, bench) => {
      await log.createGroup(group);
      const logs = [log, await bench.open(), await bench.open(), await bench.open()];
      for (let epoch = 0n; epoch < 5n; epoch++) {
        const answers = await Promise.all(
          Array.from({ length: 40 }, (_, i) =>
            (logs[i % logs.length] ?? log).appendCommit(commit(epoch, `${epoch}.${i}`)),
          ),
        );
        const outcomes = answers.map(({ outcome }) => outcome);
        expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(39);
      }
      expect((await readAll(log)).map(({ epoch }) => epoch)).toEqual([0n, 1n, 2n, 3n, 4n]);
    }),
  );

  it(
    'judges each message of a batch by itself, in their order, also when one repeats another',
    on(start, async (log) => {
      const other = named('other group');
      await log.createGroup(group);
      await log.createGroup({ ...group, groupId: other });
      expect(await log.appendMessages([])).toEqual([]);
      const answers = await log.appendMessages([
        message(0n, '1'),
        message(1n, 'ahead'),
        message(0n, '1', { groupId: other }),
        message(0n, '1'),
        message(0n, 'lost', { groupId: named('no group') }),
        message(0n, '1', { message: named('changed') }),
        message(0n, '2'),
      ]);
      expect(answers).toEqual([
        { outcome: 'accepted', sequence: 1n },
        { outcome: 'conflict', currentEpoch: 0n, winningCommitHash: undefined },
        { outcome: 'accepted', sequence: 1n },
        { outcome: 'alreadyAccepted', sequence: 1n },
        { outcome: 'unknownGroup' },
        { outcome: 'requestIdReused' },
        { outcome: 'accepted', sequence: 2n },
      ]);
      expect(await inLog(log)).toEqual(['1 message 1', '2 message 2']);
      expect(await inLog(log, other)).toEqual(['1 message 1']);
    }),
  );

  it(
    'appends everything that is offered at once, through several connections, without a hole and in each order given',
    on(start, async (log, bench) => {
      await log.createGroup(group);
      const logs = [log, await bench.open(), await bench.open()];
      const answers = await Promise.all(
        Array.from({ length: 60 }, async (_, i) => {
          const names = [`${i}.0`, `${i}.1`, `${i}.2`];
          const outcomes = await (logs[i % logs.length] ?? log).appendMessages(
            names.map((name) => message(0n, name)),
          );
          return outcomes.map((outcome, k) => ({ outcome, name: `message ${names[k]}` }));
        }),
      );
      const entries = await inLog(log);
      expect(entries.map((entry) => entry.split(' ')[0])).toEqual(entries.map((_, i) => `${i + 1}`));
      const accepted = answers.flat().map(({ outcome, name }) => {
        if (outcome.outcome !== 'accepted') throw new Error(outcome.outcome);
        return { at: outcome.sequence, name };
      });
      expect(accepted.map(({ at, name }) => `${at} ${name}`).toSorted()).toEqual(entries.toSorted());
      for (const batch of answers)
        expect(batch.map(({ name }) => entries.findIndex((entry) => entry.endsWith(name)))).toEqual(
          batch
            .map(({ name }) => entries.findIndex((entry) => entry.endsWith(name)))
            .toSorted((a, b) => a - b),
        );
    }),
  );

  it(
    'never shows a number before all smaller ones, to whoever reads while others append',
    on(start, async (log, bench) => {
      await log.createGroup(group);
      const [writers, reader] = [[log, await bench.open()], await bench.open()];
      const work = { isOver: false };
      const writing = Promise.all(
        writers.map(async (writer, w) => {
          for (let i = 0; i < 40; i++) await append(writer, message(0n, `${w}.${i}`));
        }),
      ).finally(() => (work.isOver = true));
      let seen = 0n;
      while (!work.isOver) {
        const page = await reader.read({ groupId, afterSequence: seen, limit: 1000, maxBytes: 1_000_000 });
        expect(page.map(({ sequence }) => sequence)).toEqual(page.map((_, i) => seen + BigInt(i) + 1n));
        seen = page.at(-1)?.sequence ?? seen;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
      expect(await readAll(reader)).toHaveLength(80);
    }),
  );
}
