import { describe, expect, it } from '@jest/globals';

import { Campaign } from '../../src/campaign.ts';
import type { PrepareFloor, Shape } from '../../src/floor/floor.ts';
import { operationNames, type OperationName, type OperationRow } from '../../src/operations.ts';
import type { Found, Sample, Setting } from '../../src/scenario/scenario.ts';

const setting: Setting = { suite: 1, members: 100, trees: ['warm'], players: 'all', cycles: 5 };
const shape: Shape = {
  suite: 1,
  members: 100,
  leafCount: 128,
  groupInfoBytes: 0,
  keyPackageBytes: 0,
  leafBytes: 0,
  groupContextBytes: 0,
  dataBytes: 0,
};

/** A library that takes so many microseconds in its first cycle, its second, and so on. */
interface FakeLibrary {
  readonly peer: string;
  readonly times: readonly number[];
}

function sampleOf(peer: string, microseconds: number, operation: OperationName): Sample {
  const nanoseconds = BigInt(microseconds) * 1000n;
  return { operation, tree: 'warm', members: 100, suite: 1, peer, nanoseconds };
}

/** Plays as the scenario does: a cycle of every library, then the next cycle. */
async function* play(
  libraries: readonly FakeLibrary[],
  operations: readonly OperationName[],
  log: string[],
): AsyncGenerator<Found> {
  yield { kind: 'setting', setting };
  for (const operation of operations)
    yield { kind: 'shape', shape: { operation, tree: 'warm', members: 100, suite: 1, shape } };
  const cycles = Math.max(...libraries.map(({ times }) => times.length));
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const { peer, times } of libraries) {
      const time = times[cycle];
      if (time === undefined) continue;
      for (const operation of operations) {
        log.push(`${cycle} ${peer} ${operation}`);
        yield { kind: 'sample', sample: sampleOf(peer, time, operation) };
      }
    }
    yield { kind: 'cycle', setting, cycle };
  }
}

/** A campaign with a clock that only the floor moves on, by so many microseconds in each run. */
function campaignOf(
  operations: readonly OperationName[],
  floorTimes: readonly number[],
  log: string[],
): Campaign {
  let time = 0n;
  let runs = 0;
  const prepareFloor: PrepareFloor = (operation, _, backEnd) => {
    if (operation === 'save-message') return undefined;
    log.push(`floor of ${operation} prepared`);
    return () => {
      log.push(backEnd === 'node' ? `floor of ${operation}` : `floor of ${operation} on ${backEnd}`);
      time += BigInt(floorTimes[runs++ % floorTimes.length] ?? 0) * 1000n;
    };
  };
  const watcher = {
    setting: ({ members }: Setting) => void log.push(`setting ${members}`),
    sample: () => {},
    cycle: (cycle: number) => void log.push(`cycle ${cycle} is over`),
  };
  return new Campaign(operations, { prepareFloor, now: () => time, watcher });
}

function rowOf(
  rows: readonly OperationRow[],
  peer: string,
  name: OperationName = 'commit-create',
): OperationRow {
  const row = rows.find((one) => one.peer === peer && one.name === name);
  if (row === undefined) throw new Error(`no row of ${peer} for ${name}`);
  return row;
}

const canopy: FakeLibrary = { peer: 'canopy 0.1.0 (node:crypto)', times: [900, 20, 30, 10, 40] };
const stable: FakeLibrary = { peer: 'ts-mls 1.6.4', times: [9000, 300, 200, 900, 100] };

describe('a campaign', () => {
  it('runs the floor right after Canopy in each cycle, between the libraries', async () => {
    const log: string[] = [];
    const campaign = campaignOf(operationNames, [5], log);
    await campaign.run(
      play(
        [
          { ...canopy, times: [1, 1] },
          { ...stable, times: [1, 1] },
        ],
        ['commit-create'],
        log,
      ),
    );
    expect(log).toEqual([
      'setting 100',
      '0 canopy 0.1.0 (node:crypto) commit-create',
      'floor of commit-create prepared',
      'floor of commit-create',
      '0 ts-mls 1.6.4 commit-create',
      'cycle 0 is over',
      '1 canopy 0.1.0 (node:crypto) commit-create',
      'floor of commit-create',
      '1 ts-mls 1.6.4 commit-create',
      'cycle 1 is over',
    ]);
  });

  it('drops the first quarter of the samples and takes the median of the others', async () => {
    const campaign = campaignOf(operationNames, [70, 4, 9, 5, 6], []);
    const { operations } = await campaign.run(play([canopy, stable], ['commit-create'], []));
    expect(rowOf(operations, 'canopy 0.1.0 (node:crypto)')).toMatchObject({ microseconds: 25, runs: 4 });
    expect(rowOf(operations, 'ts-mls 1.6.4')).toMatchObject({ microseconds: 250, runs: 4 });
    expect(rowOf(operations, 'floor (node:crypto)')).toMatchObject({ microseconds: 5.5, runs: 4 });
  });

  it('keeps all samples where there are few, and an earlier end of one library changes no other', async () => {
    const campaign = campaignOf(operationNames, [5], []);
    const libraries = [canopy, { ...stable, times: [600, 300, 900] }];
    const { operations } = await campaign.run(play(libraries, ['commit-create'], []));
    expect(rowOf(operations, 'ts-mls 1.6.4')).toMatchObject({ microseconds: 600, runs: 3 });
    expect(rowOf(operations, 'canopy 0.1.0 (node:crypto)')).toMatchObject({ microseconds: 25, runs: 4 });
  });

  it('compares the medians with each other and names the target', async () => {
    const campaign = campaignOf(operationNames, [5], []);
    const { operations } = await campaign.run(play([canopy, stable], ['commit-create'], []));
    const own = rowOf(operations, 'canopy 0.1.0 (node:crypto)');
    expect(own).toMatchObject({ floorRatio: 5, ratio: 10, target: { ratio: 80, floorRatio: 1.6 } });
    const other = rowOf(operations, 'ts-mls 1.6.4');
    expect(other).toMatchObject({ floorRatio: 50, ratio: 1 });
    expect(other).not.toHaveProperty('target');
  });

  it('goes on where an operation has no floor', async () => {
    const campaign = campaignOf(operationNames, [5], []);
    const { operations } = await campaign.run(play([canopy], ['save-message'], []));
    expect(operations).toHaveLength(1);
    expect(operations[0]).not.toHaveProperty('floorRatio');
  });

  it('runs beside each of Canopy the floor of the same back end', async () => {
    const log: string[] = [];
    const sodium: FakeLibrary = { peer: 'canopy 0.1.0 (sodium-native)', times: [7, 7] };
    const campaign = campaignOf(operationNames, [5], log);
    const { operations } = await campaign.run(play([{ ...canopy, times: [9, 9] }, sodium], ['join'], log));
    expect(log.filter((line) => line.startsWith('floor') && !line.endsWith('prepared'))).toEqual([
      'floor of join',
      'floor of join on sodium',
      'floor of join',
      'floor of join on sodium',
    ]);
    expect(rowOf(operations, 'floor (sodium-native)', 'join').runs).toBe(2);
    expect(rowOf(operations, 'floor (node:crypto)', 'join').runs).toBe(2);
  });

  it('prepares a floor anew for the next group', async () => {
    const log: string[] = [];
    const campaign = campaignOf(operationNames, [5], log);
    async function* twice(): AsyncGenerator<Found> {
      yield* play([canopy], ['join'], log);
      yield* play([canopy], ['join'], log);
    }
    await campaign.run(twice());
    expect(log.filter((line) => line.endsWith('prepared'))).toHaveLength(2);
  });

  it('keeps only the operations that are asked for, and all that was found in bytes or left out', async () => {
    const campaign = campaignOf(['join'], [5], []);
    const one = { members: 100, suite: 1, peer: 'ts-mls 1.6.4' };
    const size = { ...one, name: 'commit' as const, tree: 'warm' as const, bytes: 7 };
    async function* found(): AsyncGenerator<Found> {
      yield* play([canopy], ['join', 'commit-create'], []);
      yield { kind: 'size', size };
      for (const name of ['all', 'welcome', 'join', 'load'] as const)
        yield { kind: 'left-out', leftOut: { ...one, name, reason: 'planted' } };
    }
    const { operations, sizes, leftOut } = await campaign.run(found());
    expect(new Set(operations.map(({ name }) => name))).toEqual(new Set(['join']));
    expect(sizes).toEqual([size]);
    expect(leftOut.map(({ name }) => name)).toEqual(['all', 'welcome', 'join']);
  });
});
