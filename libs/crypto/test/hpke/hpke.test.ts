import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { decode, encode } from '@canopy/codec';

import { getCipherSuite, HPKECiphertext } from '../../src/index.ts';
import { SUITES_BY_BACK_END } from '../back-ends.ts';
import { flipped, hex, seeded } from '../seeded.ts';

const failed = expect.objectContaining({ name: 'CryptoError', code: 'DECRYPTION_FAILED' });
const empty = new Uint8Array(0);
const bytes = fc.uint8Array({ maxLength: 200 });

describe.each(SUITES_BY_BACK_END)('HPKE of suite %i by %s', (id, backEnd) => {
  const { hpke, aead } = getCipherSuite(id, { backEnd });
  const receiver = hpke.generateKeyPair();

  it('opens what it sealed, with native and with given randomness', () => {
    const given = getCipherSuite(id, { random: seeded(`hpke ${id}`), backEnd }).hpke;
    fc.assert(
      fc.property(bytes, bytes, bytes, (info, aad, plaintext) => {
        for (const sender of [hpke, given]) {
          const sealed = sender.seal(receiver.publicKey, info, aad, plaintext);
          expect(sealed.kemOutput).toHaveLength(hpke.kemOutputSize);
          expect(sealed.ciphertext).toHaveLength(plaintext.length + aead.tagSize);
          const sent = decode(HPKECiphertext, encode(HPKECiphertext, sealed));
          expect(hpke.open(receiver.privateKey, sent, info, aad)).toEqual(plaintext);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('refuses another info, another aad and another key', () => {
    const [info, aad] = [Uint8Array.of(1), Uint8Array.of(2)];
    const sealed = hpke.seal(receiver.publicKey, info, aad, empty);
    expect(hpke.open(receiver.privateKey, sealed, info, aad)).toEqual(empty);
    expect(() => hpke.open(receiver.privateKey, sealed, aad, aad)).toThrow(failed);
    expect(() => hpke.open(receiver.privateKey, sealed, info, info)).toThrow(failed);
    expect(() => hpke.open(hpke.generateKeyPair().privateKey, sealed, info, aad)).toThrow(failed);
  });

  it('refuses a change of any byte of the ciphertext and its tag', () => {
    const sealed = hpke.seal(receiver.publicKey, empty, empty, Uint8Array.of(1, 2, 3));
    for (let at = 0; at < sealed.ciphertext.length; at += 3) {
      const ciphertext = flipped(sealed.ciphertext, at);
      expect(() => hpke.open(receiver.privateKey, { ...sealed, ciphertext }, empty, empty)).toThrow(failed);
    }
    for (const ciphertext of [empty, sealed.ciphertext.subarray(1), sealed.ciphertext.subarray(0, 15)]) {
      expect(() => hpke.open(receiver.privateKey, { ...sealed, ciphertext }, empty, empty)).toThrow(failed);
    }
  });

  it('refuses every KEM output that is not the one of the sender [R8.3-02]', () => {
    const sealed = hpke.seal(receiver.publicKey, empty, empty, Uint8Array.of(1, 2, 3));
    const outputs = [
      empty,
      sealed.kemOutput.subarray(1),
      Uint8Array.of(...sealed.kemOutput, 0),
      new Uint8Array(hpke.kemOutputSize),
      new Uint8Array(hpke.kemOutputSize).fill(0xff),
      flipped(sealed.kemOutput, 0),
      flipped(sealed.kemOutput, 5),
      hpke.generateKeyPair().publicKey,
    ];
    const request = { info: empty, exporterContext: empty, length: 32 };
    const exported = hpke.setupReceiverExport(receiver.privateKey, sealed.kemOutput, request);
    for (const kemOutput of outputs) {
      expect(() => hpke.open(receiver.privateKey, { ...sealed, kemOutput }, empty, empty)).toThrow(failed);
      let other: Uint8Array = empty;
      try {
        other = hpke.setupReceiverExport(receiver.privateKey, kemOutput, request);
      } catch (error) {
        expect(error).toEqual(failed);
      }
      expect(other).not.toEqual(exported);
    }
  });

  it('exports one secret on both sides, of any length up to the limit', () => {
    for (const length of [1, 32, 100]) {
      const request = { info: Uint8Array.of(7), exporterContext: Uint8Array.of(8), length };
      const { kemOutput, exported } = hpke.setupSenderExport(receiver.publicKey, request);
      expect(exported).toHaveLength(length);
      expect(hpke.setupReceiverExport(receiver.privateKey, kemOutput, request)).toEqual(exported);
    }
    const request = { info: empty, exporterContext: empty, length: 70_000 };
    expect(() => hpke.setupSenderExport(receiver.publicKey, request)).toThrow(
      expect.objectContaining({ code: 'INVALID_LENGTH' }),
    );
  });
});

describe('HPKE on curves over prime fields', () => {
  it.each([2, 5, 7])(
    'exports nothing for a KEM output that is no point of the curve, suite %i [R8.3-02]',
    (id) => {
      const { hpke } = getCipherSuite(id);
      const receiver = hpke.generateKeyPair();
      const request = { info: empty, exporterContext: empty, length: 32 };
      const { kemOutput } = hpke.setupSenderExport(receiver.publicKey, request);
      for (const at of [0, 5, kemOutput.length - 1]) {
        const bad = flipped(kemOutput, at);
        expect(() => hpke.setupReceiverExport(receiver.privateKey, bad, request)).toThrow(failed);
      }
    },
  );

  it('refuses a compressed KEM output, which the platform would take', () => {
    const { hpke } = getCipherSuite(2);
    const receiver = hpke.generateKeyPair();
    const sealed = hpke.seal(receiver.publicKey, empty, empty, empty);
    const sign = (sealed.kemOutput.at(-1) ?? 0) & 1;
    const kemOutput = Uint8Array.of(2 + sign, ...sealed.kemOutput.subarray(1, 33));
    expect(() => hpke.open(receiver.privateKey, { ...sealed, kemOutput }, empty, empty)).toThrow(failed);
  });
});

describe('errors of HPKE', () => {
  it('name no key material', () => {
    const { hpke } = getCipherSuite(1);
    const privateKey = hex('07'.repeat(32));
    try {
      hpke.open(privateKey, { kemOutput: privateKey, ciphertext: empty }, empty, empty);
      expect('refused').toBe('not refused');
    } catch (error) {
      expect(String(error)).not.toMatch(/07070707|7,7,7/);
    }
  });
});
