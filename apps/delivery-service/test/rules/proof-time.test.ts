import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isFresh } from '../../src/rules/proof-time.ts';

describe('the time of a proof', () => {
  it.each([
    [1_000n, true],
    [999n, false],
    [3_000n, true],
    [3_001n, false],
    [0n, false],
    [2n ** 64n - 1n, false],
  ])('%i is fresh at 2000 with a tolerance of 1000: %p', (time, fresh) => {
    expect(isFresh(time, 2_000, 1_000)).toBe(fresh);
  });

  it('is judged by its distance from the clock, whatever the numbers', () => {
    const time = fc.integer({ min: 0, max: 2 ** 52 });
    fc.assert(
      fc.property(time, time, fc.nat(10_000), (proof, now, tolerance) => {
        expect(isFresh(BigInt(proof), now, tolerance)).toBe(Math.abs(proof - now) <= tolerance);
      }),
    );
  });
});
