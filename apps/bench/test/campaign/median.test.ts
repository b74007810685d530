import { describe, expect, it } from '@jest/globals';

import { median } from '../../src/median.ts';

describe('the median', () => {
  it.each([
    [[7], 7],
    [[3, 1], 2],
    [[10, 9, 1], 9],
    // By number, not by letter.
    [[100, 9, 20, 3], 14.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('is not moved by one slow run', () => {
    expect(median([5, 5, 5, 1_000_000])).toBe(5);
  });

  it('leaves the samples in their order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is an error, not a figure', () => {
    expect(() => median([])).toThrow('no values');
  });
});
