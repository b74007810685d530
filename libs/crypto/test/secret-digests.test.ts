import * as crypto from 'node:crypto';

import { describe, expect, it, jest } from '@jest/globals';

import { toHex } from './seeded.ts';

/** Every digest that the platform gave as bytes. */
const given: Uint8Array[] = [];

function recorded(name: string, data: Uint8Array, encoding: 'binary' | 'buffer'): string | Buffer {
  if (encoding === 'binary') return crypto.hash(name, data, 'binary');
  const digest = crypto.hash(name, data, 'buffer');
  given.push(digest);
  return digest;
}

jest.unstable_mockModule('node:crypto', () => ({ ...crypto, hash: recorded }));

const { createHash, digestSecret } = await import('../src/hash.ts');
const { createHmac } = await import('../src/mac.ts');
const { createKdf } = await import('../src/kdf.ts');

/** Runs something, then overwrites its result: what is left of the platform's digests is a copy that nobody owns. */
function leftOver(run: () => Uint8Array): string[] {
  given.length = 0;
  run().fill(0);
  return given.filter((digest) => digest.some((byte) => byte !== 0)).map(toHex);
}

describe.each(['sha256', 'sha384', 'sha512'] as const)(
  'no digest of a secret stays in memory: %s',
  (name) => {
    const hash = createHash(name);
    const hmac = createHmac(hash);
    const kdf = createKdf(hash, hmac);
    const secret = new Uint8Array(hash.size).fill(7);
    const long = new Uint8Array(hash.blockSize + 1).fill(7);

    it('when a secret is hashed', () => {
      expect(leftOver(() => digestSecret(hash, secret))).toEqual([]);
      expect(given).toHaveLength(1);
    });

    it('when a message under a known key is secret: neither the inner digest nor anything else', () => {
      expect(leftOver(() => hmac.ofSecretMessage(new Uint8Array(0), [secret, secret]))).toEqual([]);
      expect(given).toHaveLength(2);
      expect(leftOver(() => kdf.extract(secret, secret))).toEqual([]);
      expect(given).toHaveLength(2);
    });

    it('when key material is expanded, in one block or in several', () => {
      for (const length of [1, hash.size, 3 * hash.size + 1]) {
        expect(leftOver(() => kdf.expand(secret, Uint8Array.of(1), length))).toEqual([]);
        expect(given.length).toBeGreaterThanOrEqual(1);
      }
    });

    it('when a key is longer than a block and is hashed first', () => {
      expect(leftOver(() => hmac.underSecretKey(long, [secret]))).toEqual([]);
      expect(leftOver(() => hmac.ofSecretMessage(long, [secret]))).toEqual([]);
    });
  },
);
