import { describe, expect, it } from '@jest/globals';
import { readArguments } from '../src/arguments.ts';

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(readArguments([])).toEqual({
      seconds: 60,
      seed: undefined,
      store: 'sqlite',
      clients: 4,
      replicas: 1,
    });
    expect(readArguments(['--store', 'sentinel'])).toMatchObject({ store: 'sentinel', replicas: 2 });
  });

  it('takes what it says', () => {
    const parameters = [
      '--seconds',
      '5',
      '--seed',
      '7',
      '--store',
      'redis',
      '--clients',
      '2',
      '--replicas',
      '3',
    ];
    expect(readArguments(parameters)).toEqual({
      seconds: 5,
      seed: 7,
      store: 'redis',
      clients: 2,
      replicas: 3,
    });
    expect(readArguments(['--help'])).toBeUndefined();
  });

  it.each([
    [['--seconds', '0'], '--seconds expects a whole number from 1 to 3000, found 0'],
    [['--seed', '-1'], '--seed'],
    [['--seed', '4294967296'], '--seed expects a whole number from 0 to 4294967295, found 4294967296'],
    [['--clients', 'two'], '--clients expects a whole number from 2 to 50, found two'],
    [['--store', 'mysql'], '--store expects one of sqlite, redis, redis-cluster, sentinel, found mysql'],
    [['--replicas', '2'], 'a SQLite file is for one process of each service'],
    [['--fast'], '--fast'],
  ])('refuses %j in words', (parameters, words) => {
    expect(() => readArguments(parameters)).toThrow(words);
    expect(() => readArguments(parameters)).toThrow(expect.objectContaining({ name: 'TypeError' }));
  });
});
