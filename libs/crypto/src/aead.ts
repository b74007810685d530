/**
 * Authenticated encryption: AES-GCM and ChaCha20-Poly1305 (RFC 9420 §5.1, RFC 5116).
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type {
  CipherChaCha20Poly1305,
  CipherGCM,
  DecipherChaCha20Poly1305,
  DecipherGCM,
  KeyObject,
} from 'node:crypto';

import { plain } from './bytes.ts';
import { CryptoError } from './errors.ts';

/** An AEAD cipher. A pair of key and nonce must never encrypt twice. */
export interface Aead {
  readonly keySize: number;
  readonly nonceSize: number;
  readonly tagSize: number;
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws CryptoError DECRYPTION_FAILED when the ciphertext was not made with this key, nonce and aad */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/** The names of the AEAD ciphers that the cipher suites use. */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

const NONCE_SIZE = 12;
const TAG_SIZE = 16;
const KEY_SIZES = { 'aes-128-gcm': 16, 'aes-256-gcm': 32, 'chacha20-poly1305': 32 } as const;
const OPTIONS = { authTagLength: TAG_SIZE } as const;

function cipherOf(name: AeadName, key: KeyObject, nonce: Uint8Array): CipherGCM | CipherChaCha20Poly1305 {
  return name === 'chacha20-poly1305'
    ? createCipheriv(name, key, nonce, OPTIONS)
    : createCipheriv(name, key, nonce, OPTIONS);
}

function decipherOf(
  name: AeadName,
  key: KeyObject,
  nonce: Uint8Array,
): DecipherGCM | DecipherChaCha20Poly1305 {
  return name === 'chacha20-poly1305'
    ? createDecipheriv(name, key, nonce, OPTIONS)
    : createDecipheriv(name, key, nonce, OPTIONS);
}

/** Makes the AEAD cipher of a name. */
export function createAead(name: AeadName): Aead {
  const keySize = KEY_SIZES[name];
  // A key object instead of bytes: the latter take six times as long.
  const keyOf = (key: Uint8Array, nonce: Uint8Array): KeyObject => {
    requireLength('key', key, keySize);
    requireLength('nonce', nonce, NONCE_SIZE);
    return createSecretKey(key);
  };
  return {
    keySize,
    nonceSize: NONCE_SIZE,
    tagSize: TAG_SIZE,
    seal(key, nonce, aad, plaintext) {
      const cipher = cipherOf(name, keyOf(key, nonce), nonce).setAAD(aad, {
        plaintextLength: plaintext.length,
      });
      // Not filled with zeros first, since every byte is written.
      const result = Buffer.allocUnsafe(plaintext.length + TAG_SIZE);
      result.set(cipher.update(plaintext));
      cipher.final();
      result.set(cipher.getAuthTag(), plaintext.length);
      return plain(result);
    },
    open(key, nonce, aad, ciphertext) {
      const size = ciphertext.length - TAG_SIZE;
      const secret = keyOf(key, nonce);
      if (size < 0) throw new CryptoError('DECRYPTION_FAILED', 'the ciphertext is shorter than its tag');
      const decipher = decipherOf(name, secret, nonce).setAAD(aad, { plaintextLength: size });
      decipher.setAuthTag(ciphertext.subarray(size));
      const plaintext = decipher.update(ciphertext.subarray(0, size));
      try {
        decipher.final();
      } catch (cause) {
        plaintext.fill(0);
        throw new CryptoError('DECRYPTION_FAILED', 'the ciphertext does not belong to this key', { cause });
      }
      return plain(plaintext);
    },
  };
}

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  throw new CryptoError('INVALID_LENGTH', `a ${what} of ${length} bytes expected, found ${bytes.length}`);
}
