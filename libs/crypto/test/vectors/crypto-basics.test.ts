import { describe, expect, it } from '@jest/globals';

import { describeVectors } from '@canopy/vectors';

import {
  decryptWithLabel,
  deriveSecret,
  deriveTreeSecret,
  encryptWithLabel,
  expandWithLabel,
  getCipherSuite,
  refHash,
  signWithLabel,
  verifyWithLabel,
} from '../../src/index.ts';
import { SUITES_BY_BACK_END } from '../back-ends.ts';
import { toHex } from '../seeded.ts';

describeVectors('crypto-basics', { describe, it }, (cases) => {
  it('has one case for each of the seven suites [R5.1-01] [R17.1-02]', () => {
    expect(cases.map((one) => one.get('cipher_suite').number())).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  const suites = cases.flatMap((one) =>
    SUITES_BY_BACK_END.filter(([id]) => id === one.get('cipher_suite').number()).map(
      ([id, backEnd]) => [getCipherSuite(id, { backEnd }), one] as const,
    ),
  );
  describe.each(suites)('suite $name by $backEnd', (suite, one) => {
    it('ref_hash [R5.2-01]', () => {
      const value = one.get('ref_hash');
      expect(toHex(refHash(suite, value.get('label').text(), value.get('value').bytes()))).toBe(
        value.get('out').text(),
      );
    });

    it('expand_with_label [R8-01]', () => {
      const value = one.get('expand_with_label');
      const out = expandWithLabel(suite, value.get('secret').bytes(), {
        label: value.get('label').text(),
        context: value.get('context').bytes(),
        length: value.get('length').number(),
      });
      expect(toHex(out)).toBe(value.get('out').text());
    });

    it('derive_secret [R8-01]', () => {
      const value = one.get('derive_secret');
      expect(toHex(deriveSecret(suite, value.get('secret').bytes(), value.get('label').text()))).toBe(
        value.get('out').text(),
      );
    });

    it('derive_tree_secret', () => {
      const value = one.get('derive_tree_secret');
      const out = deriveTreeSecret(suite, value.get('secret').bytes(), {
        label: value.get('label').text(),
        generation: value.get('generation').number(),
        length: value.get('length').number(),
      });
      expect(toHex(out)).toBe(value.get('out').text());
    });

    it('sign_with_label, the given signature and an own one [R5.1.2-03]', () => {
      const value = one.get('sign_with_label');
      const privateKey = value.get('priv').bytes();
      const publicKey = value.get('pub').bytes();
      const content = value.get('content').bytes();
      const label = value.get('label').text();
      const own = signWithLabel(suite, privateKey, label, content);
      for (const signature of [value.get('signature').bytes(), own]) {
        expect(verifyWithLabel(suite, { publicKey, label, content, signature })).toBe(true);
      }
      expect(toHex(suite.signature.publicKeyOf(privateKey))).toBe(value.get('pub').text());
    });

    it('encrypt_with_label, the given ciphertext and an own one [R5.1.3-01]', () => {
      const value = one.get('encrypt_with_label');
      const privateKey = value.get('priv').bytes();
      const label = value.get('label').text();
      const context = value.get('context').bytes();
      const plaintext = value.get('plaintext').bytes();
      const given = {
        kemOutput: value.get('kem_output').bytes(),
        ciphertext: value.get('ciphertext').bytes(),
      };
      const own = encryptWithLabel(suite, value.get('pub').bytes(), { label, context, plaintext });
      for (const ciphertext of [given, own]) {
        expect(toHex(decryptWithLabel(suite, privateKey, { label, context, ciphertext }))).toBe(
          value.get('plaintext').text(),
        );
      }
      expect(toHex(suite.hpke.publicKeyOf(privateKey))).toBe(value.get('pub').text());
    });
  });
});
