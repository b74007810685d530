import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { CryptoError, getCipherSuite, type CipherSuite } from '../../src/index.ts';
import { BACK_ENDS, SODIUM_SUITES } from '../back-ends.ts';
import { flipped, seeded, toHex } from '../seeded.ts';
import { P, toBytes } from './curve.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyLength = fc.uint8Array({ maxLength: 130 });
const empty = new Uint8Array(0);
const request = { info: empty, exporterContext: empty, length: 32 };

/** What a call gives, or the code and the words of its refusal. */
function outcome(call: () => Uint8Array | boolean): string {
  try {
    const result = call();
    return typeof result === 'boolean' ? String(result) : toHex(result);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

type Call = (suite: CipherSuite) => Uint8Array | boolean;

/** Requires that both come to the same; each gets copies, for what is kept belongs to an array. */
function agree(suites: readonly [CipherSuite, CipherSuite], call: Call): string {
  const [node, sodium] = suites.map((suite) => outcome(() => call(suite)));
  expect(sodium).toBe(node);
  return node ?? '';
}

if (!BACK_ENDS.includes('sodium')) {
  it.skip('sodium-native is not installed: nothing was tested on libsodium', () => {});
}

const installed = BACK_ENDS.includes('sodium') ? SODIUM_SUITES : [];

for (const id of installed) {
  const both = [getCipherSuite(id, { backEnd: 'node' }), getCipherSuite(id, { backEnd: 'sodium' })] as const;
  const [node, sodium] = both;

  describe(`node and sodium agree on suite ${id}`, () => {
    it('are what they say they are', () => {
      expect(both.map(({ backEnd }) => backEnd)).toEqual(['node', 'sodium']);
    });

    it('on public keys and signatures, byte for byte', () => {
      fc.assert(
        fc.property(key, anyLength, (privateKey, data) => {
          agree(both, ({ hpke }) => hpke.publicKeyOf(privateKey.slice()));
          agree(both, ({ signature }) => signature.publicKeyOf(privateKey.slice()));
          agree(both, ({ signature }) => signature.sign(privateKey.slice(), data));
          agree(both, ({ hpke }) => hpke.deriveKeyPair(data.slice()).publicKey);
        }),
        { numRuns: 40 },
      );
    });

    it('on valid signatures, and on those with a bit changed anywhere', () => {
      fc.assert(
        fc.property(key, anyLength, fc.nat(), fc.nat(7), (seed, data, at, bit) => {
          const publicKey = node.signature.publicKeyOf(seed);
          for (const signer of both) {
            const made = signer.signature.sign(seed, data);
            const bad = flipped(made, at % 64, 1 << bit);
            expect(agree(both, ({ signature }) => signature.verify(publicKey, data, made))).toBe('true');
            expect(agree(both, ({ signature }) => signature.verify(publicKey, data, bad))).toBe('false');
            const otherKey = flipped(publicKey, at % 32, 1 << bit);
            expect(agree(both, ({ signature }) => signature.verify(otherKey, data, made))).toBe('false');
          }
        }),
        { numRuns: 30 },
      );
    });

    it('on keys and signatures of any length and content', () => {
      fc.assert(
        fc.property(anyLength, anyLength, fc.oneof(anyLength, key), (data, signature, some) => {
          agree(both, (suite) => suite.signature.verify(some, data, signature));
          agree(both, (suite) => suite.signature.sign(some.slice(), data));
          agree(both, (suite) => suite.signature.publicKeyOf(some.slice()));
          agree(both, (suite) => suite.hpke.publicKeyOf(some.slice()));
          agree(both, (suite) => suite.hpke.setupReceiverExport(some.slice(), signature, request));
          agree(both, (suite) => suite.hpke.setupReceiverExport(signature.slice(), some, request));
        }),
        { numRuns: 60 },
      );
    });

    it('on what each encrypts for the other', () => {
      fc.assert(
        fc.property(anyLength, anyLength, (info, plaintext) => {
          for (const [sender, receiver] of [both, [sodium, node]] as const) {
            const { publicKey, privateKey } = receiver.hpke.generateKeyPair();
            const sealed = sender.hpke.seal(publicKey, info, empty, plaintext);
            for (const keyOfReceiver of [privateKey, privateKey.slice()]) {
              expect(receiver.hpke.open(keyOfReceiver, sealed, info, empty)).toEqual(plaintext);
            }
          }
        }),
        { numRuns: 20 },
      );
    });

    it('on what the same seed encrypts to any 32 bytes, canonical or not', () => {
      const nearThePrime = fc.bigInt(P - 3n, 2n ** 255n - 1n).map(toBytes);
      const withTopBit = fc.oneof(key, nearThePrime).map((bytes) => flipped(bytes, 31, 0x80));
      const seen = new Set<string>();
      fc.assert(
        fc.property(fc.oneof(key, nearThePrime, withTopBit), (publicKey) => {
          const [a, b] = (['node', 'sodium'] as const).map((backEnd) => {
            const { hpke } = getCipherSuite(id, { random: seeded('same'), backEnd });
            return outcome(() => {
              const { kemOutput, exported } = hpke.setupSenderExport(publicKey, request);
              return Uint8Array.of(...kemOutput, ...exported);
            });
          });
          expect(b).toBe(a);
          seen.add(a?.startsWith('INVALID') === true ? 'refused' : 'agreed');
          agree(both, ({ hpke }) => hpke.setupReceiverExport(new Uint8Array(32).fill(7), publicKey, request));
        }),
        { numRuns: 200 },
      );
      expect(seen.has('agreed')).toBe(true);
    });
  });
}
