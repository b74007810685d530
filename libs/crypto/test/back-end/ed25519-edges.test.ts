import { describe, expect, it } from '@jest/globals';

import type { BackEnd } from '../../src/back-end/back-end.ts';
import { nodeBackEnd } from '../../src/back-end/node.ts';
import { hasSmallOrder } from '../../src/edwards25519.ts';
import { getCipherSuite } from '../../src/index.ts';
import { systemRandomness } from '../../src/random.ts';
import { createSignatureScheme } from '../../src/signature.ts';
import { BACK_ENDS } from '../back-ends.ts';
import { toHex } from '../seeded.ts';
import {
  add,
  BASE,
  challenge,
  encode,
  L,
  multiply,
  P,
  toBytes,
  toNumber,
  TORSION,
  type Point,
} from './curve.ts';

const [secret, nonce] = [0x1234567890123456789012345678901234567890n, 0x987654321987654321987654321n];
const [A, R] = [multiply(BASE, secret), multiply(BASE, nonce)];
const zero: Point = { x: 0n, y: 1n };

interface Forged {
  readonly publicKey: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** Makes R||S with S = nonce + challenge · secret, whatever points are given for R and A. */
function forge(
  r: Uint8Array,
  publicKey: Uint8Array,
  numbers: readonly [bigint, bigint],
  tag: string,
): Forged {
  const data = new TextEncoder().encode(tag);
  const s = (numbers[0] + challenge(r, publicKey, data) * numbers[1]) % L;
  return { publicKey, data, signature: Uint8Array.of(...r, ...toBytes(s)) };
}

/** Every encoding of the points of small order: with the sign of x either way, and y with the prime added. */
function smallOrderEncodings(): Uint8Array[] {
  const ys = new Set(TORSION.map(({ y }) => y));
  return [...ys]
    .flatMap((y) => (y + P < 2n ** 255n ? [y, y + P] : [y]))
    .flatMap((y) => [toBytes(y), toBytes(y + 2n ** 255n)]);
}

describe('points of small order', () => {
  it('are refused whatever the library says that does the arithmetic', async () => {
    const credulous: BackEnd = {
      ...nodeBackEnd,
      signing: (algorithm, hash) => ({
        ...nodeBackEnd.signing(algorithm, hash),
        verify: () => true,
        verifyAsync: () => Promise.resolve(true),
      }),
    };
    const scheme = createSignatureScheme('ed25519', credulous, systemRandomness);
    const [publicKey, sound] = [encode(A), new Uint8Array(64).fill(3)];
    expect(scheme.verify(publicKey, publicKey, sound)).toBe(true);
    for (const small of smallOrderEncodings()) {
      const signature = Uint8Array.of(...small, ...small);
      expect(scheme.verify(small, publicKey, sound)).toBe(false);
      expect(scheme.verify(publicKey, publicKey, signature)).toBe(false);
      await expect(scheme.verifyAsync(small, publicKey, sound)).resolves.toBe(false);
      await expect(scheme.verifyAsync(publicKey, publicKey, signature)).resolves.toBe(false);
    }
  });

  it('are known in all of their encodings, and no other point is taken for one', () => {
    const encodings = smallOrderEncodings();
    expect(new Set(encodings.map(toHex)).size).toBe(14);
    expect(encodings.filter((each) => !hasSmallOrder(each))).toEqual([]);
    const others = [A, R, BASE, ...TORSION.slice(1).map((each) => add(A, each))].map(encode);
    expect(others.filter((each) => hasSmallOrder(each))).toEqual([]);
    expect(hasSmallOrder(new Uint8Array(0))).toBe(false);
  });
});

// What one member accepts and another refuses tears a group in two. So the verdict is written down here for each back
// end: S·B = R + challenge·A without a cofactor, S below the order of B, neither A nor R of small order.
describe.each(BACK_ENDS)('Ed25519 by %s', (backEnd) => {
  const { signature: scheme } = getCipherSuite(1, { backEnd });
  const judge = ({ publicKey, data, signature }: Forged): boolean =>
    scheme.verify(publicKey, data, signature);
  const judgeAsync = ({ publicKey, data, signature }: Forged): Promise<boolean> =>
    scheme.verifyAsync(publicKey, data, signature);

  it('accepts what was made by the formulas, with a key that fits its seed', () => {
    expect(judge(forge(encode(R), encode(A), [nonce, secret], 'plain'))).toBe(true);
  });

  it('judges keys and nonces with a part of small order without a cofactor', () => {
    const verdicts = { accepted: 0, refused: 0 };
    for (const [i, inKey] of TORSION.entries()) {
      for (const [j, inNonce] of TORSION.entries()) {
        for (const tag of ['a', 'b', 'c', 'd']) {
          const forged = forge(
            encode(add(R, inNonce)),
            encode(add(A, inKey)),
            [nonce, secret],
            `${tag}${i}${j}`,
          );
          const h = challenge(forged.signature.subarray(0, 32), forged.publicKey, forged.data);
          const exact = (BigInt(j) + BigInt(i) * h) % 8n === 0n;
          expect([i, j, tag, judge(forged)]).toEqual([i, j, tag, exact]);
          verdicts[exact ? 'accepted' : 'refused']++;
        }
      }
    }
    expect(verdicts.accepted).toBeGreaterThan(8);
    expect(verdicts.refused).toBeGreaterThan(8);
  });

  it('refuses keys and nonces of small order in every encoding, on the thread pool too', async () => {
    for (const [at, small] of smallOrderEncodings().entries()) {
      // The equation holds for each in one of eight contents on average.
      for (let round = 0; round < 24; round++) {
        const forged = [
          forge(encode(R), small, [nonce, 0n], `key ${at} ${round}`),
          forge(small, encode(A), [0n, secret], `nonce ${at} ${round}`),
          forge(small, small, [0n, 0n], `both ${at} ${round}`),
        ];
        expect(forged.map(judge)).toEqual([false, false, false]);
        if (round === 0) await expect(Promise.all(forged.map(judgeAsync))).resolves.not.toContain(true);
      }
    }
    expect(judge(forge(encode(zero), encode(A), [0n, secret], 'zero'))).toBe(false);
  });

  it('refuses S with the order added', () => {
    const forged = forge(encode(R), encode(A), [nonce, secret], 'malleable');
    const s = toNumber(forged.signature.subarray(32));
    for (let times = 1n; s + times * L < 2n ** 256n; times++) {
      const signature = Uint8Array.of(...forged.signature.subarray(0, 32), ...toBytes(s + times * L));
      expect(judge({ ...forged, signature })).toBe(false);
    }
  });

  it('refuses every key that is no canonical encoding of a point', () => {
    for (let y = 0n; y < 19n; y++) {
      for (const encoding of [toBytes(P + y), toBytes(P + y + 2n ** 255n)]) {
        expect(judge(forge(encode(R), encoding, [nonce, secret], `key ${y}`))).toBe(false);
        expect(judge(forge(encoding, encode(A), [nonce, secret], `nonce ${y}`))).toBe(false);
      }
    }
  });
});
