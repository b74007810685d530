import { describe, expect, it } from '@jest/globals';
import { array, assert, nat, property, record } from 'fast-check';
import { Recent } from '../src/recent.ts';

describe('what was used last', () => {
  it('is what is remembered, up to the capacity', () => {
    const recent = new Recent<string, number>(2);
    recent.keep('a', 1);
    recent.keep('b', 2);
    expect(recent.find('a')).toBe(1);
    recent.keep('c', 3);
    expect([recent.find('a'), recent.find('b'), recent.find('c')]).toEqual([1, undefined, 3]);
    recent.keep('heavy', 4, 3);
    expect(recent.find('heavy')).toBeUndefined();
    recent.forget('a');
    recent.forget('nothing');
    expect(recent.names()).toEqual(['c']);
  });

  it('never weighs more than the capacity', () => {
    const step = record({ name: nat(5), weight: nat(12) });
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const recent = new Recent<number, number>(20);
        for (const { name, weight } of steps) {
          recent.keep(name, weight, weight);
          const total = recent.names().reduce((sum, kept) => sum + (recent.find(kept) ?? 0), 0);
          expect(total).toBeLessThanOrEqual(20);
          expect(recent.find(name)).toBe(weight);
        }
      }),
    );
  });
});
