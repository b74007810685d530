import { describe, expect, it } from '@jest/globals';
import { readArguments, USAGE } from '../src/arguments.ts';
import { caseNames } from '../src/cases.ts';

describe('the command line', () => {
  it('means everything on both stores when nothing is said', () => {
    expect(readArguments([])).toEqual({
      quick: false,
      cases: caseNames,
      stores: ['sqlite', 'redis'],
      redisUrl: undefined,
      json: undefined,
      profiles: undefined,
    });
  });

  it('takes some cases, one store, a Redis and files', () => {
    const words = '--quick --only token,claim --stores redis --redis redis://a:1 --json - --profiles /tmp/p';
    expect(readArguments(words.split(' '))).toEqual({
      quick: true,
      cases: ['token', 'claim'],
      stores: ['redis'],
      redisUrl: 'redis://a:1',
      json: '-',
      profiles: '/tmp/p',
    });
  });

  it('explains itself, with every case', () => {
    expect(readArguments(['--help'])).toBeUndefined();
    for (const name of caseNames) expect(USAGE).toContain(name);
  });

  it('refuses what it does not know', () => {
    expect(() => readArguments(['--only', 'everything'])).toThrow('everything is none of');
    expect(() => readArguments(['--fast'])).toThrow('--fast');
  });
});
