import {
  createCipheriv,
  createHash as platformHash,
  createHmac as platformHmac,
  hkdfSync,
} from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { CipherSuiteId, equal, getCipherSuite, isSupportedCipherSuite, randomBytes } from '../src/index.ts';
import { flipped, hex, seeded, SUITES, toHex } from './seeded.ts';

const failed = expect.objectContaining({ name: 'CryptoError', code: 'DECRYPTION_FAILED' });
const bytes = fc.uint8Array({ maxLength: 300 });
const HASHES = {
  1: 'sha256',
  2: 'sha256',
  3: 'sha256',
  4: 'sha512',
  5: 'sha512',
  6: 'sha512',
  7: 'sha384',
} as const;

const CIPHERS = {
  1: 'aes-128-gcm',
  2: 'aes-128-gcm',
  3: 'chacha20-poly1305',
  4: 'aes-256-gcm',
  5: 'aes-256-gcm',
  6: 'chacha20-poly1305',
  7: 'aes-256-gcm',
} as const;

/** What the platform makes of a message: ciphertext and tag. */
function platformSeal(
  cipher: (typeof CIPHERS)[keyof typeof CIPHERS],
  { key, nonce }: { readonly key: Uint8Array; readonly nonce: Uint8Array },
  aad: Uint8Array,
  plaintext: Uint8Array,
): string {
  const { length: plaintextLength } = plaintext;
  const sealing =
    cipher === 'chacha20-poly1305'
      ? createCipheriv(cipher, key, nonce, { authTagLength: 16 })
      : createCipheriv(cipher, key, nonce);
  sealing.setAAD(aad, { plaintextLength });
  return Buffer.concat([sealing.update(plaintext), sealing.final(), sealing.getAuthTag()]).toString('hex');
}

describe.each(SUITES)('primitives of suite %i', (id) => {
  const suite = getCipherSuite(id, { random: seeded(`primitives ${id}`) });
  const hash = HASHES[id];

  it('are those that the suite names: hash, MAC, KDF and AEAD [R5.1-01] [R17.1-02]', () => {
    const [data, aad, key] = [suite.random(100), suite.random(9), suite.random(suite.aead.keySize)];
    const nonce = suite.random(suite.aead.nonceSize);
    expect(toHex(suite.hash.digest(data))).toBe(platformHash(hash).update(data).digest('hex'));
    expect(toHex(suite.mac.compute(key, data))).toBe(platformHmac(hash, key).update(data).digest('hex'));
    expect(toHex(suite.kdf.extract(key, data))).toBe(platformHmac(hash, key).update(data).digest('hex'));
    expect(toHex(suite.aead.seal(key, nonce, aad, data))).toBe(
      platformSeal(CIPHERS[id], { key, nonce }, aad, data),
    );
  });

  it('HMAC is that of the platform, for keys and data of all lengths', () => {
    const long = fc.uint8Array({ minLength: 900, maxLength: 1300 });
    fc.assert(
      fc.property(bytes, fc.oneof(bytes, long), (key, data) => {
        const expected = platformHmac(hash, key).update(data).digest('hex');
        expect(toHex(suite.mac.compute(key, data))).toBe(expected);
        expect(suite.mac.verify(key, data, hex(expected))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('a tag of other bytes or another length is refused', () => {
    const key = suite.random(suite.kdf.size);
    const data = Uint8Array.of(1, 2);
    const tag = suite.mac.compute(key, data);
    expect(tag).toHaveLength(suite.mac.size);
    for (const bad of [flipped(tag, 0), tag.subarray(1), Uint8Array.of(...tag, 0), new Uint8Array(0)]) {
      expect(suite.mac.verify(key, data, bad)).toBe(false);
    }
  });

  it('HKDF is that of the platform, for all lengths', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, length) => {
        const expected = new Uint8Array(hkdfSync(hash, ikm, salt, info, length));
        expect(suite.kdf.expand(suite.kdf.extract(salt, ikm), info, length)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('results are plain arrays that share no memory', () => {
    const digest = suite.hash.digest(Uint8Array.of(1));
    expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype);
    expect(digest).toHaveLength(suite.hash.size);
    const again = suite.hash.digest(Uint8Array.of(1));
    again.fill(0);
    expect(digest).not.toEqual(again);
  });

  it('AEAD opens what it sealed', () => {
    const key = suite.random(suite.aead.keySize);
    fc.assert(
      fc.property(bytes, bytes, (aad, plaintext) => {
        const nonce = suite.random(suite.aead.nonceSize);
        const sealed = suite.aead.seal(key, nonce, aad, plaintext);
        expect(sealed).toHaveLength(plaintext.length + suite.aead.tagSize);
        expect(suite.aead.open(key, nonce, aad, sealed)).toEqual(plaintext);
      }),
      { numRuns: 20 },
    );
  });

  it('AEAD refuses any changed byte, another key, nonce or aad, and what is shorter than a tag', () => {
    const key = suite.random(suite.aead.keySize);
    const nonce = suite.random(suite.aead.nonceSize);
    const aad = Uint8Array.of(9);
    const { aead } = suite;
    const sealed = aead.seal(key, nonce, aad, Uint8Array.of(1, 2, 3));
    for (let at = 0; at < sealed.length; at++) {
      expect(() => aead.open(key, nonce, aad, flipped(sealed, at))).toThrow(failed);
    }
    expect(() => aead.open(flipped(key, 0), nonce, aad, sealed)).toThrow(failed);
    expect(() => aead.open(key, flipped(nonce, 0), aad, sealed)).toThrow(failed);
    expect(() => aead.open(key, nonce, new Uint8Array(0), sealed)).toThrow(failed);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => aead.open(key, nonce, aad, sealed.subarray(0, length))).toThrow(failed);
    }
  });

  it('AEAD refuses keys and nonces of another size', () => {
    const wrong = expect.objectContaining({ code: 'INVALID_LENGTH' });
    const { aead } = suite;
    const empty = new Uint8Array(0);
    expect(() =>
      aead.seal(new Uint8Array(aead.keySize + 1), new Uint8Array(aead.nonceSize), empty, empty),
    ).toThrow(wrong);
    expect(() =>
      aead.seal(new Uint8Array(aead.keySize), new Uint8Array(aead.nonceSize + 1), empty, empty),
    ).toThrow(wrong);
  });
});

describe('cipher suites', () => {
  it('are the seven of the registry [R17.1-01] [R17.1-02]', () => {
    expect(Object.values(CipherSuiteId).map((id) => getCipherSuite(id).name)).toEqual(
      Object.keys(CipherSuiteId),
    );
    expect(
      SUITES.map((id) => {
        const { kdf, aead, signature, hpke } = getCipherSuite(id);
        return [hpke.publicKeySize, kdf.size, aead.keySize, signature.scheme];
      }),
    ).toEqual([
      [32, 32, 16, 'ed25519'],
      [65, 32, 16, 'ecdsa_secp256r1_sha256'],
      [32, 32, 32, 'ed25519'],
      [56, 64, 32, 'ed448'],
      [133, 64, 32, 'ecdsa_secp521r1_sha512'],
      [56, 64, 32, 'ed448'],
      [97, 48, 32, 'ecdsa_secp384r1_sha384'],
    ]);
  });

  it('are one instance each', () => {
    expect(getCipherSuite(1)).toBe(getCipherSuite(1));
    expect(getCipherSuite(1, { random: seeded('x') })).not.toBe(getCipherSuite(1));
  });

  it.each([0, 8, 0x0a0a, 0xf000, -1, 1.5, Number.NaN])('do not include %d', (id) => {
    expect(isSupportedCipherSuite(id)).toBe(false);
    expect(() => getCipherSuite(id)).toThrow(
      expect.objectContaining({ name: 'CryptoError', code: 'UNSUPPORTED_CIPHER_SUITE' }),
    );
  });
});

describe('randomBytes', () => {
  it('gives fresh bytes of every length', () => {
    const seen = new Set<string>();
    for (let round = 0; round < 1000; round++) seen.add(toHex(randomBytes(16)));
    expect(seen.size).toBe(1000);
    for (const length of [0, 1, 1024, 1025, 4096, 5000]) expect(randomBytes(length)).toHaveLength(length);
    expect(randomBytes(5000).every((byte) => byte === 0)).toBe(false);
  });

  it('gives arrays that share no memory', () => {
    const first = randomBytes(32);
    const before = new Uint8Array(first);
    for (let round = 0; round < 300; round++) randomBytes(32).fill(0);
    expect(first).toEqual(before);
    expect(first.buffer.byteLength).toBe(32);
  });
});

describe('equal', () => {
  it('compares contents, and lengths first', () => {
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equal(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});
