/**
 * Random histories of a group log, compared with the plain model.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { GroupLog } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { GroupLogModel } from './group-log.model.ts';
import type { Modelled } from './group-log.model.ts';
import { allPending, commit, endBy, group, message, NOW_MS, readAll, treeOf } from './group-log.story.ts';

/** Runs random histories on stores made by `start`; `runs` is how many. */
export function behavesAsTheModel(start: StartBench<GroupLog>, runs: number): void {
  it('behaves as the plain model does, whatever is done to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
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
    expect(await readAll(log, key)).toEqual(expected.entries.map(({ entry }) => entry));
    expect(await log.findGroup(key)).toEqual({
      cipherSuite: expected.suite,
      epoch: BigInt(expected.ends.length),
      lastSequence: expected.lastSequence,
      accessKeys: expected.accessKeys
        .map((accessKey, i) => ({ epoch: BigInt(i), accessKey, ended: expected.ends[i] }))
        .toReversed()
        .slice(0, 9),
      quarantinedUntil: expected.quarantinedUntil,
    });
    await expectSameTrees(log, key, expected);
  }
  expect(await allPending(log)).toEqual(model.outbox);
}

type ModelGroup = Parameters<Parameters<GroupLogModel['groups']['forEach']>[0]>[0];

async function expectSameTrees(log: GroupLog, key: Uint8Array, expected: ModelGroup): Promise<void> {
  const tree = (epoch: bigint): ReturnType<typeof treeOf> | undefined => {
    const kept = expected.trees.get(epoch);
    return kept === undefined ? undefined : treeOf(kept.tree);
  };
  const { info } = expected;
  const wanted = info === undefined ? undefined : { ...info, tree: tree(info.epoch) };
  expect(await log.groupInfo(key)).toEqual(wanted);
  for (let epoch = 0n; epoch <= BigInt(expected.ends.length); epoch++) {
    const chunk = await log.readTree({ groupId: key, epoch, offset: 0, maxBytes: 1000 });
    expect(chunk?.tree).toEqual(tree(epoch));
    expect(chunk?.bytes).toEqual(expected.trees.get(epoch)?.tree);
  }
}

type Step = (subject: Modelled) => unknown;

const few = fc.nat({ max: 3 });
const target = fc.constantFrom(named('g1'), named('g2'));
const epoch = fc.bigInt({ min: 0n, max: 5n });
const time = fc.nat({ max: 100 }).map((ms) => NOW_MS + ms);

const create: fc.Arbitrary<Step> = fc
  .record({
    groupId: target,
    cipherSuite: fc.constantFrom(1, 2),
    key: few,
    hasTree: fc.boolean(),
    nowMs: time,
  })
  .map(({ key, hasTree, ...made }) => {
    const tree = hasTree ? { groupInfo: named(`i${key}`), ratchetTree: named(`t${key}`) } : {};
    return (subject) => subject.createGroup({ ...group, ...made, ...tree, accessKey: named(`k${key}`) });
  });

const appendCommit: fc.Arbitrary<Step> = fc
  .record({
    groupId: target,
    epoch,
    request: fc.nat(30),
    what: few,
    hasTree: fc.boolean(),
    ticket: fc.option(few, { freq: 3, nil: undefined }),
    revokesTickets: fc.boolean(),
    acceptedAtMs: time,
  })
  .map(({ request, what, hasTree, ticket, revokesTickets, acceptedAtMs, ...made }) => {
    const name = `${request}.${what}`;
    const welcomes = Array.from({ length: what }, (_, i) => ({ device: `d${i}`, welcome: named(name) }));
    const plain = commit(made.epoch, name, { ...made, requestId: named(`${request}`), welcomes });
    const offered = {
      ...plain,
      receipt: { ...plain.receipt, acceptedAtMs },
      ratchetTree: hasTree ? named(`tree ${name}`) : undefined,
      ticketHash: ticket === undefined ? undefined : named(`ticket ${ticket}`),
      revokesTickets,
    };
    return (subject) => subject.appendCommit(offered);
  });

const oneMessage = fc
  .record({
    groupId: target,
    epoch,
    request: fc.nat(30),
    what: few,
    maxPastEpochs: few,
    kind: fc.constantFrom('proposal' as const, 'application' as const),
    nowMs: time,
  })
  .map(({ request, what, ...made }) =>
    message(made.epoch, `${what}`, { ...made, requestId: named(`${request}`) }),
  );

const appendMessages: fc.Arbitrary<Step> = fc
  .array(oneMessage, { maxLength: 4 })
  .map((messages) => (subject) => subject.appendMessages(messages));

const addTicket: fc.Arbitrary<Step> = fc
  .record({ groupId: target, epoch, ticket: few, expiresAtMs: time, nowMs: time, maxTickets: few })
  .map(({ ticket, ...made }) => {
    const tokenHash = named(`ticket ${ticket}`);
    return async (subject) => [
      await subject.addTicket({ ...made, tokenHash }),
      await subject.hasTicket(made.groupId, tokenHash, made.nowMs),
    ];
  });

const quarantine: fc.Arbitrary<Step> = fc
  .record({ id: target, epoch, sequence: fc.bigInt({ min: 1n, max: 20n }) })
  .map(
    ({ id, ...mark }) =>
      (subject) =>
        subject.quarantine(id, mark),
  );

const restore: fc.Arbitrary<Step> = fc
  .record({
    groupId: target,
    epoch,
    after: fc.bigInt({ min: 0n, max: 12n }),
    lost: fc.array(few, { maxLength: 2 }),
    what: few,
    nowMs: time,
  })
  .map(({ after, lost, what, ...made }) => {
    const messages = lost.map((name, i) => ({
      sequence: after + BigInt(i) + 1n,
      epoch: made.epoch,
      kind: 'application' as const,
      message: named(`message ${name}`),
    }));
    const ended = endBy(`r${what}`, after + BigInt(lost.length) + 1n);
    const rest = { ended, commit: named(`commit r${what}`), groupInfo: named(`info r${what}`) };
    return (subject) => subject.restore({ ...made, ...rest, messages });
  });

const prune: fc.Arbitrary<Step> = fc
  .record({ nowMs: time, maxAgeMs: fc.nat({ max: 80 }), maxEntries: fc.integer({ min: 1, max: 6 }) })
  .map((limits) => (subject) => subject.prune({ ...limits, budget: 1000 }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: create },
  { weight: 8, arbitrary: appendCommit },
  { weight: 6, arbitrary: appendMessages },
  { weight: 2, arbitrary: addTicket },
  { weight: 1, arbitrary: quarantine },
  { weight: 3, arbitrary: restore },
  { weight: 1, arbitrary: prune },
);
