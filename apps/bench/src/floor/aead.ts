/**
 * Authenticated encryption. Each key is used once and comes as derived bytes, so making its key object is included.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { CipherChaCha20Poly1305, CipherGCM, DecipherChaCha20Poly1305, DecipherGCM } from 'node:crypto';

import type { AeadKey, Primitives } from './primitives.ts';
import type { AeadParameters } from './suites.ts';

const OPTIONS = { authTagLength: 16 } as const;

function cipherOf(name: AeadParameters['name'], { key, nonce }: AeadKey): CipherGCM | CipherChaCha20Poly1305 {
  const secret = createSecretKey(key);
  return name === 'chacha20-poly1305'
    ? createCipheriv(name, secret, nonce, OPTIONS)
    : createCipheriv(name, secret, nonce, OPTIONS);
}

function decipherOf(
  name: AeadParameters['name'],
  { key, nonce }: AeadKey,
): DecipherGCM | DecipherChaCha20Poly1305 {
  const secret = createSecretKey(key);
  return name === 'chacha20-poly1305'
    ? createDecipheriv(name, secret, nonce, OPTIONS)
    : createDecipheriv(name, secret, nonce, OPTIONS);
}

/** Makes the AEAD cipher. */
export function createAead({ name }: AeadParameters): Pick<Primitives, 'seal' | 'open'> {
  return {
    seal(key, aad, plaintext) {
      const cipher = cipherOf(name, key);
      if (aad.length > 0) cipher.setAAD(aad, { plaintextLength: plaintext.length });
      const ciphertext = cipher.update(plaintext);
      cipher.final();
      return { ciphertext, tag: cipher.getAuthTag() };
    },
    open(key, aad, { ciphertext, tag }) {
      const decipher = decipherOf(name, key);
      if (aad.length > 0) decipher.setAAD(aad, { plaintextLength: ciphertext.length });
      decipher.setAuthTag(tag);
      const plaintext = decipher.update(ciphertext);
      decipher.final();
      return plaintext;
    },
  };
}
