/**
 * HKDF with the hash function of the suite (RFC 9420 §5.1, RFC 5869).
 *
 * @module
 */

import { CryptoError } from './errors.ts';
import type { Hash } from './hash.ts';
import type { Hmac } from './mac.ts';

/** A key derivation function in its two steps. */
export interface Kdf {
  /** The bytes that `extract` gives (KDF.Nh). */
  readonly size: number;
  extract(salt: Uint8Array, ikm: Uint8Array): Uint8Array;
  /** @throws CryptoError INVALID_LENGTH for more than 255 times `size` bytes */
  expand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array;
}

const FIRST = Uint8Array.of(1);

/** Makes HKDF. */
export function createKdf({ size }: Hash, hmac: Hmac): Kdf {
  const expandBlocks = (prk: Uint8Array, info: Uint8Array, length: number): Uint8Array => {
    const result = new Uint8Array(length);
    let block: Uint8Array = new Uint8Array(0);
    for (let at = 0, counter = 1; at < length; at += size, counter++) {
      const next = hmac.underSecretKey(prk, [block, info, Uint8Array.of(counter)]);
      result.set(length - at < size ? next.subarray(0, length - at) : next, at);
      block.fill(0);
      block = next;
    }
    block.fill(0);
    return result;
  };
  return {
    size,
    extract: (salt, ikm) => hmac.ofSecretMessage(salt, [ikm]),
    expand(prk, info, length) {
      if (!Number.isInteger(length) || length < 0 || length > 255 * size) {
        throw new CryptoError('INVALID_LENGTH', `0 to ${255 * size} bytes expected, found ${length}`);
      }
      if (length > size) return expandBlocks(prk, info, length);
      const block = hmac.underSecretKey(prk, [info, FIRST]);
      if (length === size) return block;
      const result = block.slice(0, length);
      block.fill(0);
      return result;
    },
  };
}
