import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { pastEpochsFor } from '../../src/rules/past-epochs.ts';

const epoch = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('what a message may lag behind', () => {
  it('accepts it exactly while the epoch of the proof is the current one, and the message is recent enough', () => {
    const distance = fc.bigInt({ min: 0n, max: 20n });
    fc.assert(
      fc.property(epoch, distance, distance, fc.nat(10), (message, lag, later, configured) => {
        const proof = message + lag;
        const current = proof + later;
        // The store accepts a message unless it lags further behind than it is told.
        const accepted = current - message <= BigInt(pastEpochsFor(message, proof, configured));
        expect(accepted).toBe(later === 0n && lag <= BigInt(configured));
      }),
    );
  });
});
