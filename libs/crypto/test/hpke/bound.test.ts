import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import {
  decryptWithLabel,
  encryptorWithLabel,
  encryptWithLabel,
  getCipherSuite,
  type CipherSuite,
} from '../../src/index.ts';
import { SUITES_BY_BACK_END } from '../back-ends.ts';
import { flipped, seeded } from '../seeded.ts';

const failed = expect.objectContaining({ name: 'CryptoError', code: 'DECRYPTION_FAILED' });
const bytes = fc.uint8Array({ maxLength: 200 });
const messages = fc.array(fc.record({ receiver: fc.nat({ max: 2 }), aad: bytes, plaintext: bytes }), {
  minLength: 1,
  maxLength: 5,
});

/** One of the receivers. */
function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined) throw new Error('a list with something in it expected');
  return found;
}

describe.each(SUITES_BY_BACK_END)('messages bound to one info, suite %i by %s', (id, backEnd) => {
  const suite = getCipherSuite(id, { backEnd });
  const { hpke } = suite;
  const receivers = Array.from({ length: 3 }, () => hpke.generateKeyPair());
  const fromSeed = (seed: string): CipherSuite => getCipherSuite(id, { random: seeded(seed), backEnd });

  it('are those that are sealed one by one, byte for byte', () => {
    fc.assert(
      fc.property(bytes, messages, fc.string(), (info, list, seed) => {
        const bound = fromSeed(seed).hpke.bind(info);
        const { hpke: single } = fromSeed(seed);
        for (const { receiver, aad, plaintext } of list) {
          const { publicKey } = pick(receivers, receiver);
          expect(bound.seal(publicKey, aad, plaintext)).toEqual(single.seal(publicKey, info, aad, plaintext));
        }
      }),
      { numRuns: 6 },
    );
  });

  it('open one by one, and those that were sealed one by one open bound', () => {
    fc.assert(
      fc.property(bytes, messages, (info, list) => {
        const bound = hpke.bind(info);
        const sealed = list.map(({ receiver, aad, plaintext }) => {
          const { publicKey, privateKey } = pick(receivers, receiver);
          const together = bound.seal(publicKey, aad, plaintext);
          const alone = hpke.seal(publicKey, info, aad, plaintext);
          return { privateKey, aad, plaintext, together, alone };
        });
        for (const { privateKey, aad, plaintext, together, alone } of sealed.toReversed()) {
          expect(hpke.open(privateKey, together, info, aad)).toEqual(plaintext);
          expect(bound.open(privateKey, alone, aad)).toEqual(plaintext);
          expect(bound.open(privateKey, together, aad)).toEqual(plaintext);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('are bound to that info as it was, and a refused one does not disturb the next', () => {
    const [info, aad, plaintext] = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4)];
    const { publicKey, privateKey } = pick(receivers, 0);
    const bound = hpke.bind(info);
    const other = hpke.bind(Uint8Array.of(1, 3));
    const sealed = bound.seal(publicKey, aad, plaintext);
    info.fill(0xff);
    for (let count = 0; count < 3; count++) {
      expect(() => other.open(privateKey, sealed, aad)).toThrow(failed);
      expect(() => bound.open(pick(receivers, 1).privateKey, sealed, aad)).toThrow(failed);
      expect(() => bound.open(privateKey, sealed, plaintext)).toThrow(failed);
      const ciphertext = flipped(sealed.ciphertext, 0);
      expect(() => bound.open(privateKey, { ...sealed, ciphertext }, aad)).toThrow(failed);
      expect(bound.open(privateKey, sealed, aad)).toEqual(plaintext);
      expect(() => bound.seal(publicKey.subarray(1), aad, plaintext)).toThrow(
        expect.objectContaining({ code: 'INVALID_PUBLIC_KEY' }),
      );
    }
    expect(hpke.open(privateKey, bound.seal(publicKey, aad, plaintext), Uint8Array.of(1, 2), aad)).toEqual(
      plaintext,
    );
  });

  it('never share a KEM output, so no key is used twice', () => {
    const bound = hpke.bind(Uint8Array.of(1));
    const { publicKey } = pick(receivers, 0);
    const empty = new Uint8Array(0);
    const outputs = Array.from({ length: 4 }, () => bound.seal(publicKey, empty, empty).kemOutput);
    expect(new Set(outputs.map((output) => Buffer.from(output).toString('hex'))).size).toBe(4);
  });

  it('with a label are those that are encrypted with it one by one [R5.1.3-01]', () => {
    const labels = fc.constantFrom('Welcome', 'UpdatePathNode');
    fc.assert(
      fc.property(labels, bytes, messages, fc.string(), (label, context, list, seed) => {
        const encrypt = encryptorWithLabel(fromSeed(seed), { label, context });
        const slow = fromSeed(seed);
        for (const { receiver, plaintext } of list) {
          const { publicKey, privateKey } = pick(receivers, receiver);
          const ciphertext = encrypt(publicKey, plaintext);
          expect(ciphertext).toEqual(encryptWithLabel(slow, publicKey, { label, context, plaintext }));
          expect(decryptWithLabel(suite, privateKey, { label, context, ciphertext })).toEqual(plaintext);
        }
      }),
      { numRuns: 5 },
    );
  });
});
