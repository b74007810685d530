import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '../src/index.ts';
import { SUITES_BY_BACK_END } from './back-ends.ts';
import { flipped, seeded } from './seeded.ts';

const data = new TextEncoder().encode('signed data');
const empty = new Uint8Array(0);

/** Reads r and s out of a DER signature and writes them as two numbers of fixed size. */
function toRaw(der: Uint8Array, size: number): Uint8Array {
  const start = (der[1] ?? 0) > 0x80 ? 3 : 2;
  const lengthR = der[start + 1] ?? 0;
  const r = der.subarray(start + 2, start + 2 + lengthR);
  const s = der.subarray(start + 4 + lengthR);
  const raw = new Uint8Array(2 * size);
  for (const [number, end] of [
    [r, size],
    [s, 2 * size],
  ] as const) {
    const digits = number.subarray(Math.max(0, number.length - size));
    raw.set(digits, end - digits.length);
  }
  return raw;
}

describe.each(SUITES_BY_BACK_END)('signatures of suite %i by %s', (id, backEnd) => {
  const { signature: scheme } = getCipherSuite(id, { random: seeded(`signature ${id}`), backEnd });
  const { publicKey, privateKey } = scheme.generateKeyPair();
  const signature = scheme.sign(privateKey, data);

  it('are valid for their data and key only', () => {
    expect(scheme.verify(publicKey, data, signature)).toBe(true);
    expect(scheme.verify(publicKey, flipped(data, 0), signature)).toBe(false);
    expect(scheme.verify(scheme.generateKeyPair().publicKey, data, signature)).toBe(false);
  });

  it('are refused, not thrown at, in every malformed shape', () => {
    const malformed = [
      empty,
      Uint8Array.of(0x30),
      new Uint8Array(64),
      new Uint8Array(114),
      new Uint8Array(5000).fill(0xff),
      signature.subarray(0, -1),
      signature.subarray(1),
    ];
    for (const bytes of malformed) expect(scheme.verify(publicKey, data, bytes)).toBe(false);
  });

  it('are refused after the change of any one byte', () => {
    for (let at = 0; at < signature.length; at++) {
      expect(scheme.verify(publicKey, data, flipped(signature, at))).toBe(false);
    }
  });

  it('come to the same result on the thread pool', async () => {
    await expect(scheme.verifyAsync(publicKey, data, signature)).resolves.toBe(true);
    await expect(scheme.verifyAsync(publicKey, data, flipped(signature, 9))).resolves.toBe(false);
    await expect(scheme.verifyAsync(publicKey, data, empty)).resolves.toBe(false);
    await expect(scheme.verifyAsync(empty, data, signature)).rejects.toMatchObject({
      code: 'INVALID_PUBLIC_KEY',
    });
  });

  it('with bytes after their end are refused [R5.1.2-02]', () => {
    expect(scheme.verify(publicKey, data, Uint8Array.of(...signature, 0))).toBe(false);
  });
});

describe.each([
  [2, 32],
  [5, 66],
  [7, 48],
])('ECDSA signatures of suite %i', (id, size) => {
  const { signature: scheme } = getCipherSuite(id, { random: seeded(`ecdsa ${id}`) });
  const { publicKey, privateKey } = scheme.generateKeyPair();
  const signature = scheme.sign(privateKey, data);

  it('are DER and not r||s [R5.1.2-02]', () => {
    expect(signature[0]).toBe(0x30);
    expect(scheme.verify(publicKey, data, toRaw(signature, size))).toBe(false);
  });

  it('with a longer form of the length than needed are refused [R5.1.2-02]', () => {
    const long = (signature[1] ?? 0) === 0x81;
    const body = signature.subarray(long ? 3 : 2);
    const header = long ? [0x30, 0x82, 0, body.length] : [0x30, 0x81, body.length];
    expect(scheme.verify(publicKey, data, Uint8Array.of(...header, ...body))).toBe(false);
  });

  it('with a number that has a needless zero in front are refused [R5.1.2-02]', () => {
    const start = (signature[1] ?? 0) === 0x81 ? 3 : 2;
    const lengthR = signature[start + 1] ?? 0;
    const rest = signature.subarray(start + 2);
    const body = [0x02, lengthR + 1, 0, ...rest];
    const header = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
    expect(scheme.verify(publicKey, data, Uint8Array.of(...header, ...body))).toBe(false);
  });

  it('with r = 0 or s = 0 are refused', () => {
    expect(scheme.verify(publicKey, data, Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0))).toBe(false);
    expect(scheme.verify(publicKey, data, Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 0))).toBe(false);
  });
});

describe.each([
  [1, 64],
  [4, 114],
])('EdDSA signatures of suite %i', (id, size) => {
  it('are R||S and the same each time [R5.1.2-02]', () => {
    const { signature: scheme } = getCipherSuite(id);
    const { privateKey } = scheme.generateKeyPair();
    expect(scheme.sign(privateKey, data)).toHaveLength(size);
    expect(scheme.sign(privateKey, data)).toEqual(scheme.sign(privateKey, data));
  });
});
