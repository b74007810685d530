/**
 * What every group log does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { GroupLog, LogEntry, NewCommit, NewGroup, NewMessage } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { GroupLogModel } from './group-log.model.ts';

const groupId = named('group');
const group: NewGroup = { groupId, cipherSuite: 1, accessKey: named('key 0') };

function commit(epoch: bigint, name: string, more: Partial<NewCommit> = {}): NewCommit {
  return {
    groupId,
    epoch,
    requestId: named(`request ${name}`),
    commit: named(`commit ${name}`),
    commitHash: named(`hash ${name}`),
    groupInfo: named(`info ${name}`),
    nextAccessKey: named(`key ${name}`),
    welcomes: [],
    ...more,
  };
}

function message(epoch: bigint, name: string, more: Partial<NewMessage> = {}): NewMessage {
  return {
    groupId,
    epoch,
    requestId: named(`request ${name}`),
    kind: 'application',
    message: named(`message ${name}`),
    maxPastEpochs: 1,
    ...more,
  };
}

function welcomeTo(device: string): NewCommit['welcomes'] {
  return [{ device, welcome: named(device) }];
}

function readAll(log: GroupLog, id = groupId): Promise<readonly LogEntry[]> {
  return log.read({ groupId: id, afterSequence: 0n, limit: 10_000, maxBytes: 10_000_000 });
}

async function messages(log: GroupLog): Promise<readonly string[]> {
  return (await readAll(log)).map((entry) => new TextDecoder().decode(entry.message));
}

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
      expect(await log.appendMessage(message(0n, 'a'))).toEqual({ outcome: 'unknownGroup' });
    }),
  );

  it(
    'lets everything of a commit take effect together',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendMessage(message(0n, 'hello'));
      const welcomes = [
        { device: 'bob-1', welcome: named('welcome 1'), ratchetTree: named('tree for bob') },
        { device: 'bob-2', welcome: named('welcome 2') },
      ];
      const answer = await log.appendCommit(commit(0n, 'a', { welcomes, ratchetTree: named('tree') }));
      expect(answer).toEqual({ outcome: 'accepted', sequence: 2n });
      expect(await log.findGroup(groupId)).toEqual({
        cipherSuite: 1,
        epoch: 1n,
        lastSequence: 2n,
        accessKeys: [
          { epoch: 1n, accessKey: named('key a'), endedBySequence: undefined },
          { epoch: 0n, accessKey: named('key 0'), endedBySequence: 2n },
        ],
      });
      expect(await log.groupInfo(groupId)).toEqual({
        epoch: 1n,
        groupInfo: named('info a'),
        ratchetTree: named('tree'),
      });
      const origin = { groupId, groupSequence: 2n };
      expect(await log.pendingOutbox(10)).toEqual([
        { ...origin, device: 'bob-1', welcome: named('welcome 1'), ratchetTree: named('tree for bob') },
        { ...origin, device: 'bob-2', welcome: named('welcome 2'), ratchetTree: undefined },
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
      expect(await messages(log)).toEqual(['commit a']);
      expect(await log.pendingOutbox(10)).toEqual([]);
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
      await log.appendMessage(message(0n, 'm'));
      await log.appendCommit(commit(0n, 'a'));
      await log.appendCommit(commit(1n, 'b'));
      await log.appendCommit(commit(2n, 'c'));
      expect(await log.appendCommit(commit(0n, 'a'))).toEqual({ outcome: 'alreadyAccepted', sequence: 2n });
      expect(await log.appendMessage(message(0n, 'm'))).toEqual({ outcome: 'alreadyAccepted', sequence: 1n });
      expect(await messages(log)).toEqual(['message m', 'commit a', 'commit b', 'commit c']);
    }),
  );

  it(
    'refuses a request id that was used for something else, per group',
    on(start, async (log) => {
      const other = named('other group');
      await log.createGroup(group);
      await log.createGroup({ ...group, groupId: other });
      await log.appendMessage(message(0n, 'm'));
      const reused = { outcome: 'requestIdReused' };
      expect(await log.appendMessage(message(0n, 'm', { message: named('changed') }))).toEqual(reused);
      expect(await log.appendMessage(message(0n, 'm', { kind: 'proposal' }))).toEqual(reused);
      expect(await log.appendCommit(commit(0n, 'm'))).toEqual(reused);
      const elsewhere = await log.appendMessage(message(0n, 'm', { groupId: other }));
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
      expect((await log.appendMessage(message(2n, '1', late))).outcome).toBe('accepted');
      expect((await log.appendMessage(message(1n, '2', late))).outcome).toBe('accepted');
      expect(await log.appendMessage(message(0n, '3', late))).toEqual({
        outcome: 'conflict',
        currentEpoch: 2n,
        winningCommitHash: named('hash a'),
      });
      expect((await log.appendMessage(message(3n, '4', late))).outcome).toBe('conflict');
      const proposal = { ...late, kind: 'proposal' } as const;
      expect((await log.appendMessage(message(2n, '5', proposal))).outcome).toBe('accepted');
      expect((await log.appendMessage(message(1n, '6', proposal))).outcome).toBe('conflict');
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
        await log.appendMessage(message(0n, name, { message: new Uint8Array(100).fill(Number(name)) }));
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
        endedBySequence: 4n,
      });
    }),
  );

  it(
    'keeps Welcomes in the outbox until they are completed, the oldest first',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a', { welcomes: welcomeTo('bob') }));
      await log.appendCommit(commit(1n, 'b', { welcomes: welcomeTo('carol') }));
      const [first] = await log.pendingOutbox(1);
      expect(first?.device).toBe('bob');
      if (first !== undefined) await log.completeOutbox([first]);
      if (first !== undefined) await log.completeOutbox([first]);
      expect((await log.pendingOutbox(10)).map(({ device }) => device)).toEqual(['carol']);
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
    'wakes the readers of a group after an append, and of that group only',
    on(start, async (log) => {
      await log.createGroup(group);
      const seen: string[] = [];
      const woken = new Promise<void>((resolve) => {
        log.onAppend(groupId, () => {
          seen.push('group');
          resolve();
        });
      });
      log.onAppend(named('other'), () => seen.push('other'));
      const stop = log.onAppend(groupId, () => seen.push('stopped'));
      stop();
      stop();
      await log.appendMessage(message(0n, 'm'));
      await woken;
      expect(seen).toEqual(['group']);
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

  it('behaves as the plain model does, whatever is done to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
        on(start, async (log) => {
          const model = new GroupLogModel();
          for (const one of steps) expect(await one(log)).toEqual(await one(model));
          await expectSame(log, model);
        })(),
      ),
      { numRuns: runs },
    );
  });
}

async function expectSame(log: GroupLog, model: GroupLogModel): Promise<void> {
  for (const [id, expected] of model.groups) {
    const key = new Uint8Array(Buffer.from(id, 'hex'));
    const found = await log.findGroup(key);
    expect(await readAll(log, key)).toEqual(expected.entries);
    expect(await log.groupInfo(key)).toEqual(expected.info);
    expect(found?.epoch).toBe(BigInt(expected.accessKeys.length - 1));
    expect(found?.lastSequence).toBe(BigInt(expected.entries.length));
    expect(found?.accessKeys.map((one) => one.accessKey)).toEqual(
      expected.accessKeys.toReversed().slice(0, 9),
    );
  }
  expect(await log.pendingOutbox(1000)).toEqual(model.outbox);
}

type Subject = Pick<GroupLog | GroupLogModel, 'createGroup' | 'appendCommit' | 'appendMessage'>;
type Step = (subject: Subject) => unknown;

const few = fc.nat({ max: 3 });
const target = fc.constantFrom(named('g1'), named('g2'));
const epochs = fc.bigInt({ min: 0n, max: 6n });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ id: target, suite: fc.constantFrom(1, 2), key: few }).map(toCreate) },
  {
    weight: 6,
    arbitrary: fc.record({ id: target, epoch: epochs, request: fc.nat(30), what: few }).map(toCommit),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        id: target,
        epoch: epochs,
        request: fc.nat(30),
        what: few,
        past: few,
        kind: fc.constantFrom('proposal', 'application'),
      })
      .map(toMessage),
  },
);

function toCreate({ id, suite, key }: { id: Uint8Array; suite: number; key: number }): Step {
  return (subject) => subject.createGroup({ groupId: id, cipherSuite: suite, accessKey: named(`k${key}`) });
}

function toCommit(made: { id: Uint8Array; epoch: bigint; request: number; what: number }): Step {
  const name = `${made.request}.${made.what}`;
  const welcomes = Array.from({ length: made.what }, (_, i) => ({ device: `d${i}`, welcome: named(name) }));
  const requestId = named(`${made.request}`);
  return (subject) =>
    subject.appendCommit(commit(made.epoch, name, { groupId: made.id, requestId, welcomes }));
}

function toMessage(made: {
  id: Uint8Array;
  epoch: bigint;
  request: number;
  what: number;
  past: number;
  kind: 'proposal' | 'application';
}): Step {
  const requestId = named(`${made.request}`);
  const more = { groupId: made.id, requestId, kind: made.kind, maxPastEpochs: made.past };
  return (subject) => subject.appendMessage(message(made.epoch, `${made.what}`, more));
}
