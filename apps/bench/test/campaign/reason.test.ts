import { describe, expect, it } from '@jest/globals';

import { reasonOf } from '../../src/reason.ts';

describe('the reason of an error', () => {
  it.each([
    ['cannot open /srv/x y', 'cannot open x y'],
    ["ENOENT: open '/srv/bench/a.json'", "ENOENT: open 'a.json'"],
    ['file:///srv/bench/a.js:3 is bad', 'a.js:3 is bad'],
    ['C:\\Users\\somebody\\a.dll is missing', 'a.dll is missing'],
    ['needed by (/usr/lib/a.so), /usr/lib/b.so', 'needed by (a.so), b.so'],
    ['@wireapp/core-crypto and either/or stay', '@wireapp/core-crypto and either/or stay'],
    ['it took 1 / 3', 'it took 1 / 3'],
  ])('has no folders of the machine: %s', (message, reason) => {
    expect(reasonOf(new Error(message))).toBe(reason);
  });

  it('is one line, and never empty', () => {
    expect(reasonOf(new Error('first\nsecond'))).toBe('first');
    expect(reasonOf('a text')).toBe('a text');
    expect(reasonOf(new Error())).toBe('it failed without saying why');
  });
});
