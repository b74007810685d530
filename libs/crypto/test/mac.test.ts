import { createHmac as platformHmac } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { createHash } from '../src/hash.ts';
import { createHmac } from '../src/mac.ts';
import { toHex } from './seeded.ts';

const NAMES = ['sha256', 'sha384', 'sha512'] as const;
const ofSize = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: size, maxLength: size });

describe.each(NAMES)('HMAC with %s', (name) => {
  const hash = createHash(name);
  const hmac = createHmac(hash);
  const { blockSize } = hash;
  // Shorter than a block, just a block, longer: the longer ones are hashed first.
  const keys = fc
    .oneof(
      fc.constantFrom(0, 1, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize),
      fc.nat({ max: 2 * blockSize }),
    )
    .chain(ofSize);
  // Some messages are larger than the memory that is used over and over.
  const parts = fc.array(
    fc.oneof(fc.nat({ max: 100 }), fc.constantFrom(1023, 1024, 1025, 4000)).chain(ofSize),
    {
      maxLength: 4,
    },
  );
  const expected = (key: Uint8Array, message: readonly Uint8Array[]): string =>
    platformHmac(name, key).update(Buffer.concat(message)).digest('hex');

  it('is that of the platform over the parts one after another, in both variants', () => {
    fc.assert(
      fc.property(keys, parts, (key, message) => {
        const tag = expected(key, message);
        expect(toHex(hmac.underSecretKey(key, message))).toBe(tag);
        expect(toHex(hmac.ofSecretMessage(key, message))).toBe(tag);
      }),
      { numRuns: 120 },
    );
  });

  it('keeps nothing from one call to the next, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, parts, fc.boolean()), { maxLength: 6 }), (calls) => {
        const tags = calls.map(([key, message, isKeySecret]) =>
          isKeySecret ? hmac.underSecretKey(key, message) : hmac.ofSecretMessage(key, message),
        );
        expect(tags.map(toHex)).toEqual(calls.map(([key, message]) => expected(key, message)));
      }),
      { numRuns: 40 },
    );
  });

  it('leaves key and message as they were', () => {
    for (const size of [1, blockSize + 1]) {
      const [key, message] = [new Uint8Array(size).fill(1), new Uint8Array(50).fill(2)];
      hmac.underSecretKey(key, [message]);
      hmac.ofSecretMessage(key, [message]);
      expect([key, message]).toEqual([new Uint8Array(size).fill(1), new Uint8Array(50).fill(2)]);
    }
  });
});
