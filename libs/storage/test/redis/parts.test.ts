import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { joinParts, splitParts } from '../../src/redis/parts.ts';

describe('several byte strings in one', () => {
  it('come apart as they went in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        expect(splitParts(joinParts(parts)).map((part) => new Uint8Array(part))).toEqual(
          parts.map((part) => new Uint8Array(part)),
        );
      }),
    );
  });

  it('are refused as CORRUPT when they were cut off anywhere', () => {
    const joined = joinParts(['one', new Uint8Array(), 'three']);
    // Cut off after a whole part, what is left is whole.
    const whole = [0, 7, 11];
    for (let length = 0; length < joined.length; length++)
      if (!whole.includes(length))
        expect(() => splitParts(joined.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'CORRUPT' }),
        );
  });
});
