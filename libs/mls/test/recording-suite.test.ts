import { decryptWithLabel, encryptWithLabel } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';

import { bytes, suite1 } from './parties.ts';
import { recordingSuite } from './recording-suite.ts';

describe('the suite by which the deletion of secrets is tested', () => {
  it('remembers, by reference, what is decrypted in each way there is', () => {
    const { suite, secrets } = recordingSuite();
    const { publicKey, privateKey } = suite1.hpke.generateKeyPair();
    const [label, context, info] = ['Welcome', bytes('context'), bytes('info')];
    const plaintext = suite1.random(32);
    const labelled = encryptWithLabel(suite1, publicKey, { label, context, plaintext });
    const sealed = suite1.hpke.seal(publicKey, info, context, plaintext);
    const opened = [
      decryptWithLabel(suite, privateKey, { label, context, ciphertext: labelled }),
      suite.hpke.open(privateKey, sealed, info, context),
      suite.hpke.bind(info).open(privateKey, sealed, context),
    ];
    expect(opened).toEqual([plaintext, plaintext, plaintext]);
    expect(opened.filter((secret) => secrets.has(secret))).toHaveLength(3);
  });
});
