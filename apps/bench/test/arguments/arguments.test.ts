import { describe, expect, it } from '@jest/globals';

import { readArguments, USAGE, type Command, type MeasureOptions } from '../../src/arguments.ts';
import { operationNames } from '../../src/operations.ts';

function measure(...parameters: readonly string[]): MeasureOptions {
  const command = readArguments(parameters);
  if (command?.kind !== 'measure') throw new Error('expected to measure');
  return command.options;
}

function sizesOf({ settings }: MeasureOptions): readonly string[] {
  return settings.map(({ suite, members, players }) => `${suite}/${members}/${players}`);
}

describe('the command line', () => {
  it('measures suites 1, 2 and 3 by default, with 10,000 members only in suite 1 and only by Canopy', () => {
    const options = measure();
    expect(sizesOf(options).join(' ')).toBe(
      '1/2/all 1/10/all 1/100/all 1/1000/all 1/10000/canopy ' +
        '2/2/all 2/10/all 2/100/all 2/1000/all 3/2/all 3/10/all 3/100/all 3/1000/all',
    );
    expect(options.settings[0]?.trees).toEqual(['warm', 'fresh', 'unmerged']);
    expect(options.operations).toEqual(operationNames);
    expect(options.peers).toEqual(['ts-mls', 'ts-mls-next', 'core-crypto', 'mls-ts']);
  });

  it('is quick with suite 1, 2 and 100 members, and less time for each library', () => {
    const quick = measure('--quick');
    expect(sizesOf(quick)).toEqual(['1/2/all', '1/100/all']);
    expect(quick.secondsPerLibrary).toBeLessThan(measure().secondsPerLibrary);
  });

  it('does what is said instead of what --quick would do', () => {
    expect(sizesOf(measure('--quick', '--suites', '7', '--members', '3'))).toEqual(['7/3/all']);
  });

  it('takes lists in any order, each entry once', () => {
    const options = measure('--suites', '3,1,3', '--members', '10, 2', '--trees', 'fresh,warm');
    expect(sizesOf(options)).toEqual(['1/2/all', '1/10/all', '3/2/all', '3/10/all']);
    expect(options.settings[0]?.trees).toEqual(['warm', 'fresh']);
  });

  it('leaves groups that are asked for above 1000 members to Canopy', () => {
    expect(sizesOf(measure('--suites', '2', '--members', '1000,1001'))).toEqual([
      '2/1000/all',
      '2/1001/canopy',
    ]);
  });

  it('takes operations, libraries and limits', () => {
    const options = measure(
      ...'--operations join,commit-create --peers mls-ts --runs 7 --maximum-seconds 3 --seconds-per-library 4'.split(
        ' ',
      ),
    );
    expect(options).toMatchObject({
      operations: ['commit-create', 'join'],
      peers: ['mls-ts'],
      maximumSeconds: 3,
      secondsPerLibrary: 4,
    });
    expect(options.settings.map(({ cycles }) => cycles)).toEqual(options.settings.map(() => 7));
    expect(measure('--peers', 'none').peers).toEqual([]);
  });

  it.each([
    [[], ['node', 'sodium'], 4],
    [['--peers', 'none'], ['node', 'sodium'], 0],
    [['--peers', 'canopy'], ['node', 'sodium'], 0],
    [['--peers', 'mls-ts'], ['node', 'sodium'], 1],
    [['--peers', 'canopy-sodium'], ['sodium'], 0],
    [['--peers', 'ts-mls,canopy-node'], ['node'], 1],
    [['--peers', 'canopy,canopy-node'], ['node', 'sodium'], 0],
  ])('measures Canopy on both back ends, unless one is named: %j', (parameters, backEnds, others) => {
    const options = measure(...parameters);
    expect(options.backEnds).toEqual(backEnds);
    expect(options.peers).toHaveLength(others);
  });

  it('plays more cycles in small groups', () => {
    const { settings } = measure('--suites', '1', '--members', '2,100,1000');
    expect(settings.map(({ cycles }) => cycles)).toEqual([100, 100, 20]);
  });

  it('tells where the figures go', () => {
    expect(readArguments(['--json', '-', '--page'])).toMatchObject({
      kind: 'measure',
      outputs: { json: '-', page: true },
    });
    const drawn: Command = {
      kind: 'draw',
      from: 'old.json',
      outputs: { json: undefined, page: true },
    };
    expect(readArguments(['--from', 'old.json', '--page'])).toEqual(drawn);
  });

  it('gives its help, which names every option and operation', () => {
    expect(readArguments(['--help', '--members', '1'])).toBeUndefined();
    for (const name of operationNames) expect(USAGE).toContain(name);
    expect(Math.max(...USAGE.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120);
  });

  it.each([
    [['--suites', '8'], "--suites expects whole numbers from 1 to 7, found '8'"],
    [['--suites', ''], "--suites expects whole numbers from 1 to 7, found ''"],
    [['--members', '1'], "--members expects whole numbers from 2 to 50000, found '1'"],
    [['--members', '10,ten'], "--members expects whole numbers from 2 to 50000, found 'ten'"],
    [['--trees', 'cold'], "--trees expects warm, fresh, unmerged; found 'cold'"],
    [['--operations', 'commit'], "found 'commit'"],
    [
      ['--peers', 'openmls'],
      "--peers expects canopy, canopy-node, canopy-sodium, ts-mls, ts-mls-next, core-crypto, mls-ts; found 'openmls'",
    ],
    [['--runs', '0'], "--runs expects whole numbers from 1 to 1000, found '0'"],
    [['--maximum-seconds', '1.5'], "found '1.5'"],
    [['--from', 'old.json', '--quick'], '--from measures nothing, so --quick has no meaning with it'],
    [
      ['--page', '--members', '2,10'],
      '--page draws suite 1 with 100 and 1000 members, but neither is measured',
    ],
    [['--page', '--suites', '2'], '--page draws suite 1'],
    [['--speed'], "Unknown option '--speed'"],
    [['all'], "Unexpected argument 'all'"],
  ])('refuses %j in plain words', (parameters, words) => {
    const read = (): unknown => readArguments(parameters);
    const message: unknown = expect.stringContaining(words);
    expect(read).toThrow(expect.objectContaining({ name: 'TypeError', message }));
  });
});
