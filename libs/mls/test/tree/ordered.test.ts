import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { countWhile } from '../../src/tree/ordered.ts';

const numbers = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 70 });

describe('the search in an ordered list', () => {
  it('counts as one does who looks at every entry', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: -1, max: 61 }), (list, limit) => {
        const ordered = list.toSorted((a, b) => a - b);
        const slow = ordered.filter((entry) => entry < limit).length;
        expect(countWhile(ordered, (entry) => entry < limit)).toBe(slow);
      }),
    );
  });

  it('looks at few of many entries', () => {
    let looks = 0;
    const many = Array.from({ length: 1000 }, (_, at) => at);
    expect(countWhile(many, (entry) => (looks++, entry < 777))).toBe(777);
    expect(looks).toBeLessThanOrEqual(10);
  });
});
