import { createPublicKey, diffieHellman, ECDH, generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { getCipherSuite, wipe } from '../src/index.ts';
import { Ed25519, P256, X25519, X448 } from '../src/key-algorithms.ts';
import { importPublicKey, sampleScalar } from '../src/keys.ts';
import { SUITES_BY_BACK_END } from './back-ends.ts';
import { flipped, hex, seeded, toHex } from './seeded.ts';

const badPublicKey = expect.objectContaining({ name: 'CryptoError', code: 'INVALID_PUBLIC_KEY' });
const badPrivateKey = expect.objectContaining({ name: 'CryptoError', code: 'INVALID_PRIVATE_KEY' });
const empty = new Uint8Array(0);
const data = Uint8Array.of(1, 2, 3);

function wrongSizes(key: Uint8Array): Uint8Array[] {
  return [empty, new Uint8Array(1), key.subarray(1), Uint8Array.of(...key, 0)];
}

describe.each(SUITES_BY_BACK_END)('keys of suite %i by %s', (id, backEnd) => {
  const suite = getCipherSuite(id, { backEnd });
  const { hpke, signature } = suite;
  const sizes = {
    1: [32, 32],
    2: [65, 65],
    3: [32, 32],
    4: [56, 57],
    5: [133, 133],
    6: [56, 57],
    7: [97, 97],
  };

  it('have the sizes of their serialisation [R5.1.1-01] [R5.1.1-02]', () => {
    const pairs = [hpke.generateKeyPair(), signature.generateKeyPair()];
    expect(pairs.map((pair) => pair.publicKey.length)).toEqual(sizes[id]);
    expect([hpke.publicKeySize, signature.publicKeySize]).toEqual(sizes[id]);
    expect(hpke.kemOutputSize).toBe(hpke.publicKeySize);
    for (const pair of pairs) expect(Object.getPrototypeOf(pair.privateKey)).toBe(Uint8Array.prototype);
  });

  it('are accepted when they were made here', () => {
    const pair = hpke.generateKeyPair();
    expect(() => hpke.validatePublicKey(pair.publicKey)).not.toThrow();
    expect(hpke.publicKeyOf(new Uint8Array(pair.privateKey))).toEqual(pair.publicKey);
    const signing = signature.generateKeyPair();
    expect(() => signature.validatePublicKey(signing.publicKey)).not.toThrow();
    expect(signature.publicKeyOf(new Uint8Array(signing.privateKey))).toEqual(signing.publicKey);
  });

  it('of another length are refused wherever they are used [R5.1.1-01]', () => {
    for (const bad of wrongSizes(hpke.generateKeyPair().publicKey)) {
      expect(() => hpke.validatePublicKey(bad)).toThrow(badPublicKey);
      expect(() => hpke.seal(bad, empty, empty, data)).toThrow(badPublicKey);
      const request = { info: empty, exporterContext: empty, length: 32 };
      expect(() => hpke.setupSenderExport(bad, request)).toThrow(badPublicKey);
    }
    for (const bad of wrongSizes(signature.generateKeyPair().publicKey)) {
      expect(() => signature.validatePublicKey(bad)).toThrow(badPublicKey);
      expect(() => signature.verify(bad, data, data)).toThrow(badPublicKey);
    }
  });

  it('that are DER in place of raw keys are refused [R5.1.1-02]', () => {
    const der = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });
    expect(() => signature.validatePublicKey(new Uint8Array(der))).toThrow(badPublicKey);
  });

  it('that are private but of another length are refused', () => {
    for (const bad of [empty, new Uint8Array(signature.privateKeySize + 1).fill(1)]) {
      expect(() => signature.sign(bad, data)).toThrow(badPrivateKey);
      expect(() => signature.publicKeyOf(bad)).toThrow(badPrivateKey);
      expect(() => hpke.publicKeyOf(bad)).toThrow(badPrivateKey);
    }
    const ciphertext = hpke.seal(hpke.generateKeyPair().publicKey, empty, empty, data);
    expect(() => hpke.open(new Uint8Array(3), ciphertext, empty, empty)).toThrow(badPrivateKey);
  });
});

describe.each([
  [2, 'prime256v1', 32],
  [7, 'secp384r1', 48],
  [5, 'secp521r1', 66],
])('keys on the curve of suite %i', (id, curve, size) => {
  const { hpke, signature } = getCipherSuite(id);
  const { publicKey, privateKey } = hpke.generateKeyPair();

  it('are made as uncompressed points, however they are made (S6) [R5.1.1-01] [R5.1.1-02]', () => {
    const pairs = [
      hpke.generateKeyPair(),
      hpke.deriveKeyPair(data),
      signature.generateKeyPair(),
      getCipherSuite(id, { random: seeded(`points ${id}`) }).signature.generateKeyPair(),
    ];
    const publicKeys = [
      ...pairs.map((pair) => pair.publicKey),
      hpke.publicKeyOf(privateKey),
      signature.publicKeyOf(privateKey),
    ];
    for (const key of publicKeys) {
      expect([key[0], key.length]).toEqual([0x04, 1 + 2 * size]);
      expect(() => hpke.validatePublicKey(key)).not.toThrow();
    }
  });

  it('that are no points of it are refused [R5.1.1-01]', () => {
    for (const bad of [flipped(publicKey, publicKey.length - 1), new Uint8Array(publicKey.length).fill(4)]) {
      expect(() => hpke.validatePublicKey(bad)).toThrow(badPublicKey);
      expect(() => signature.validatePublicKey(bad)).toThrow(badPublicKey);
      expect(() => hpke.seal(bad, empty, empty, data)).toThrow(badPublicKey);
    }
  });

  it('in compressed or hybrid form, and infinity, are refused [R5.1.1-01] [R5.1.1-02]', () => {
    const hybrid = new Uint8Array(publicKey);
    hybrid[0] = 6 + ((publicKey.at(-1) ?? 0) & 1);
    const converted = ECDH.convertKey(publicKey, curve, undefined, undefined, 'compressed');
    const compressed = new Uint8Array(Buffer.from(converted));
    for (const bad of [hybrid, compressed, new Uint8Array(1), new Uint8Array(publicKey.length)]) {
      expect(() => hpke.validatePublicKey(bad)).toThrow(badPublicKey);
      expect(() => signature.validatePublicKey(bad)).toThrow(badPublicKey);
    }
  });

  it('may be private numbers without their leading zeros', () => {
    const long = new Uint8Array(size);
    long[size - 1] = 7;
    for (const short of [Uint8Array.of(7), Uint8Array.of(0, 7), long]) {
      expect(hpke.publicKeyOf(short)).toEqual(hpke.publicKeyOf(long));
      expect(signature.publicKeyOf(short)).toEqual(hpke.publicKeyOf(long));
    }
  });

  it('are refused as private numbers outside of 1 to n - 1', () => {
    const order = sampleOrder(id);
    const below = new Uint8Array(order);
    below[size - 1] = (below[size - 1] ?? 0) - 1;
    expect(hpke.publicKeyOf(below)).toHaveLength(publicKey.length);
    for (const bad of [new Uint8Array(size), empty, order, new Uint8Array(size).fill(0xff)]) {
      expect(() => hpke.publicKeyOf(bad)).toThrow(badPrivateKey);
      expect(() => signature.sign(bad, data)).toThrow(badPrivateKey);
    }
    expect(hpke.publicKeyOf(privateKey)).toEqual(publicKey);
  });
});

// The orders as the standard prints them (SEC 2), not as the source holds them.
function sampleOrder(id: number): Uint8Array {
  const orders: Readonly<Record<number, string>> = {
    2: 'FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551',
    7: `${'F'.repeat(48)}C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973`,
    5: `01${'F'.repeat(64)}FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409`,
  };
  return hex(orders[id] ?? '');
}

describe('points of small order', () => {
  it.each([
    ['X25519', X25519, 1],
    ['X448', X448, 4],
  ] as const)(
    'on the curve of %s are refused, and the platform finds no secret with them',
    (type, algorithm, id) => {
      const { hpke } = getCipherSuite(id);
      const asymmetricKeyType = type === 'X25519' ? 'x25519' : 'x448';
      const privateKey =
        type === 'X25519' ? generateKeyPairSync('x25519').privateKey : generateKeyPairSync('x448').privateKey;
      const weak = [...(algorithm.weakKeys ?? [])];
      expect(weak).toHaveLength(type === 'X25519' ? 7 : 5);
      for (const text of weak) {
        const key = hex(text);
        expect(() => hpke.validatePublicKey(key)).toThrow(badPublicKey);
        expect(() => hpke.seal(key, empty, empty, data)).toThrow(badPublicKey);
        const publicKey = createPublicKey({ key: Buffer.from(key), format: 'raw-public', asymmetricKeyType });
        expect(() => diffieHellman({ privateKey, publicKey })).toThrow();
      }
    },
  );

  it('of all zeros are refused for every Montgomery curve [R5.1.1-01]', () => {
    for (const [id, backEnd] of SUITES_BY_BACK_END.filter(([each]) => [1, 3, 4, 6].includes(each))) {
      const { hpke } = getCipherSuite(id, { backEnd });
      expect(() => hpke.validatePublicKey(new Uint8Array(hpke.publicKeySize))).toThrow(badPublicKey);
    }
  });

  it('stay refused with the bit set that X25519 ignores', () => {
    const { hpke } = getCipherSuite(1);
    expect(() => hpke.validatePublicKey(flipped(new Uint8Array(32), 31, 0x80))).toThrow(badPublicKey);
  });
});

describe('the kept key objects', () => {
  it('are made once for an array', () => {
    const { publicKey } = getCipherSuite(1).hpke.generateKeyPair();
    const copy = new Uint8Array(publicKey);
    expect(importPublicKey(X25519, copy)).toBe(importPublicKey(X25519, copy));
  });

  it('of one algorithm do not serve another', () => {
    const { publicKey } = getCipherSuite(1).hpke.generateKeyPair();
    expect(importPublicKey(Ed25519, publicKey).asymmetricKeyType).toBe('ed25519');
    expect(importPublicKey(X25519, publicKey).asymmetricKeyType).toBe('x25519');
  });
});

describe('wipe', () => {
  it('overwrites secrets with zeros', () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    wipe(a, undefined, b);
    expect([...a, ...b]).toEqual([0, 0, 0]);
  });

  it.each(SUITES_BY_BACK_END)('drops what was made of the keys of suite %i by %s, too', (id, backEnd) => {
    const { hpke, signature } = getCipherSuite(id, { backEnd });
    const receiver = hpke.generateKeyPair();
    const ciphertext = hpke.seal(receiver.publicKey, empty, empty, data);
    expect(hpke.open(receiver.privateKey, ciphertext, empty, empty)).toEqual(data);
    wipe(receiver.privateKey);
    expect(() => hpke.open(receiver.privateKey, ciphertext, empty, empty)).toThrow(
      expect.objectContaining({ name: 'CryptoError' }),
    );

    const signer = signature.generateKeyPair();
    expect(signature.verify(signer.publicKey, data, signature.sign(signer.privateKey, data))).toBe(true);
    wipe(signer.privateKey);
    // For EdDSA zeros are a seed like any other, for ECDSA they are no key at all.
    if ([2, 5, 7].includes(id)) {
      expect(() => signature.sign(signer.privateKey, data)).toThrow(badPrivateKey);
    } else {
      const late = signature.sign(signer.privateKey, data);
      expect(signature.verify(signer.publicKey, data, late)).toBe(false);
    }
  });
});

describe('key pairs from given randomness', () => {
  it.each(SUITES_BY_BACK_END)('are the same for the same seed, suite %i by %s', (id, backEnd) => {
    const make = (seed: string): string[] => {
      const suite = getCipherSuite(id, { random: seeded(seed), backEnd });
      const sealed = suite.hpke.seal(suite.hpke.deriveKeyPair(data).publicKey, empty, empty, data);
      const pairs = [suite.hpke.generateKeyPair(), suite.signature.generateKeyPair()];
      const bytes = pairs.flatMap((pair) => [pair.publicKey, pair.privateKey]);
      return [...bytes, sealed.kemOutput, sealed.ciphertext, suite.random(5)].map(toHex);
    };
    expect(make('a')).toEqual(make('a'));
    const other = new Set(make('b'));
    expect(make('a').filter((value) => other.has(value))).toEqual([]);
  });

  it('take the next candidate when one is not below the order', () => {
    const seen: number[] = [];
    const scalar = sampleScalar(P256, (counter) => {
      seen.push(counter);
      return new Uint8Array(32).fill(counter === 0 ? 0xff : counter === 1 ? 0 : 9);
    });
    expect(seen).toEqual([0, 1, 2]);
    expect(scalar).toEqual(new Uint8Array(32).fill(9));
  });

  it('give up after 256 candidates', () => {
    let count = 0;
    const never = (): Uint8Array => {
      count++;
      return new Uint8Array(32);
    };
    expect(() => sampleScalar(P256, never)).toThrow(
      expect.objectContaining({ code: 'KEY_DERIVATION_FAILED' }),
    );
    expect(count).toBe(256);
  });
});
