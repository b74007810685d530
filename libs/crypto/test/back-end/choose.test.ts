import { describe, expect, it } from '@jest/globals';

import { createChooser } from '../../src/back-end/choose.ts';
import type { Loaded, SodiumNative } from '../../src/back-end/sodium-native.ts';
import { getCipherSuite } from '../../src/index.ts';
import { BACK_ENDS } from '../back-ends.ts';

const unused = (): never => {
  throw new Error('nothing is computed here');
};
const sodium: SodiumNative = {
  crypto_scalarmult_base: unused,
  crypto_scalarmult: unused,
  crypto_sign_seed_keypair: unused,
  crypto_sign_detached: unused,
  crypto_sign_verify_detached: unused,
};
const installed = (): Loaded => ({ found: true, sodium });
const missing = (): Loaded => ({ found: false, cause: new Error('Cannot find module') });
const noBackEnd = expect.objectContaining({
  name: 'CryptoError',
  code: 'MISSING_BACK_END',
  message: expect.stringContaining('sodium-native is not installed'),
});

describe('the back end', () => {
  it('is libsodium where it is installed, and the platform where it is not', () => {
    expect(createChooser({}, installed)().name).toBe('sodium');
    expect(createChooser({}, missing)().name).toBe('node');
    expect(createChooser({ CANOPY_CRYPTO: '' }, missing)().name).toBe('node');
  });

  it('is what the environment says, and rather what the caller asks for', () => {
    expect(createChooser({ CANOPY_CRYPTO: 'node' }, installed)().name).toBe('node');
    expect(createChooser({ CANOPY_CRYPTO: 'sodium' }, installed)().name).toBe('sodium');
    expect(createChooser({ CANOPY_CRYPTO: 'sodium' }, missing)('node').name).toBe('node');
    expect(createChooser({ CANOPY_CRYPTO: 'node' }, installed)('sodium').name).toBe('sodium');
  });

  it('is refused when libsodium is demanded and is not there', () => {
    expect(() => createChooser({ CANOPY_CRYPTO: 'sodium' }, missing)()).toThrow(noBackEnd);
    expect(() => createChooser({}, missing)('sodium')).toThrow(noBackEnd);
  });

  it.each(['Sodium', 'openssl', '1'])('is refused when the environment says %s', (name) => {
    const wrong = expect.objectContaining({ name: 'CryptoError', code: 'UNKNOWN_BACK_END' });
    expect(() => createChooser({ CANOPY_CRYPTO: name }, installed)()).toThrow(wrong);
    expect(createChooser({ CANOPY_CRYPTO: name }, installed)('node').name).toBe('node');
  });

  it('is one instance', () => {
    const choose = createChooser({}, installed);
    expect(choose()).toBe(choose());
    expect(choose('sodium')).toBe(choose());
  });
});

describe('a cipher suite', () => {
  it('tells which back end computes with its keys', () => {
    expect(getCipherSuite(1, { backEnd: 'node' }).backEnd).toBe('node');
    for (const id of [1, 2, 3, 4, 5, 6, 7]) {
      const { backEnd } = getCipherSuite(id);
      const hasCurve25519 = id === 1 || id === 3;
      const named = process.env['CANOPY_CRYPTO'] ?? BACK_ENDS.at(-1);
      expect(backEnd).toBe(hasCurve25519 ? named : 'node');
    }
  });

  it('is one instance for each back end', () => {
    for (const backEnd of BACK_ENDS) {
      expect(getCipherSuite(1, { backEnd })).toBe(getCipherSuite(1, { backEnd }));
    }
    const suites = BACK_ENDS.map((backEnd) => getCipherSuite(1, { backEnd }));
    expect(new Set(suites).size).toBe(BACK_ENDS.length);
  });
});
