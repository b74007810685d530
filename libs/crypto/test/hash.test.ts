import { createHash as platformHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { bytesOfText, createHash, digestSecret } from '../src/hash.ts';
import { toHex } from './seeded.ts';

const NAMES = ['sha256', 'sha384', 'sha512'] as const;
// Around the ends of blocks, and longer than what is hashed in one step.
const sizes = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(55, 56, 64, 111, 112, 128, 5000, 70_000));
const data = sizes.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));

describe.each(NAMES)('%s', (name) => {
  const hash = createHash(name);
  const expected = (bytes: Uint8Array): string => platformHash(name).update(bytes).digest('hex');

  it('is that of the platform in each of its forms, for data of all lengths', () => {
    fc.assert(
      fc.property(data, (bytes) => {
        const digest = expected(bytes);
        expect(toHex(hash.digest(bytes))).toBe(digest);
        expect(toHex(digestSecret(hash, bytes))).toBe(digest);
        const text = hash.digestText(bytes);
        expect(Buffer.from(text, 'latin1').toString('hex')).toBe(digest);
        expect(toHex(bytesOfText(text))).toBe(digest);
        expect(text).toHaveLength(hash.size);
      }),
      { numRuns: 60 },
    );
  });

  it('is that of a part of a larger array, which it leaves as it is', () => {
    fc.assert(
      fc.property(data, fc.nat({ max: 20 }), (bytes, before) => {
        const larger = new Uint8Array(before + bytes.length + 9).fill(0xaa);
        larger.set(bytes, before);
        const part = larger.subarray(before, before + bytes.length);
        const digests = [hash.digest(part), digestSecret(hash, part), bytesOfText(hash.digestText(part))];
        expect(digests.map(toHex)).toEqual(digests.map(() => expected(bytes)));
        expect(toHex(part)).toBe(toHex(bytes));
      }),
      { numRuns: 30 },
    );
  });

  it('gives plain arrays, each with memory of its own', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    for (const digest of [() => hash.digest(bytes), () => digestSecret(hash, bytes)]) {
      const one = digest();
      expect(Object.getPrototypeOf(one)).toBe(Uint8Array.prototype);
      const other = digest();
      one.fill(0);
      expect(toHex(other)).toBe(expected(bytes));
      expect(toHex(digest())).toBe(expected(bytes));
    }
  });
});

describe('a digest as text', () => {
  it('gives all bytes back, whatever their values', () => {
    const all = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect(bytesOfText(Buffer.from(all).toString('latin1'))).toEqual(all);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(bytesOfText(Buffer.from(bytes).toString('latin1'))).toEqual(bytes);
      }),
    );
  });
});
