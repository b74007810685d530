/**
 * HMAC with the hash function of the suite (RFC 9420 §5.1, RFC 2104).
 *
 * @module
 */

import { hash } from 'node:crypto';

import { equal, plain } from './bytes.ts';
import { digestSecret, type Hash } from './hash.ts';

/** A message authentication code. */
export interface Mac {
  /** The bytes of a tag. */
  readonly size: number;
  compute(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Tells whether a tag belongs to the data, in constant time; a tag of another length does not. */
  verify(key: Uint8Array, data: Uint8Array, tag: Uint8Array): boolean;
}

/** HMAC over the parts as if they were one message. */
export type Hmac = (key: Uint8Array, parts: readonly Uint8Array[]) => Uint8Array;

const SCRATCH = 1024;

function putPadded(target: Uint8Array, key: Uint8Array, pad: number): void {
  for (let at = 0; at < key.length; at++) target[at] = (key[at] ?? 0) ^ pad;
}

/**
 * Makes the HMAC of a hash function out of two one-shot digests, which take a third of the time of an HMAC object.
 * Its scratch memory is overwritten after each use.
 */
export function createHmac(hashFunction: Hash): Hmac {
  const { name, size, blockSize } = hashFunction;
  const scratch = new Uint8Array(blockSize + SCRATCH);
  const outer = new Uint8Array(blockSize + size);
  return (key, parts) => {
    const short = key.length > blockSize ? digestSecret(hashFunction, key) : key;
    let total = blockSize;
    for (const part of parts) total += part.length;
    const inner = total > scratch.length ? new Uint8Array(total) : scratch;
    inner.fill(0x36, short.length, blockSize);
    putPadded(inner, short, 0x36);
    let at = blockSize;
    for (const part of parts) {
      inner.set(part, at);
      at += part.length;
    }
    outer.fill(0x5c, short.length, blockSize);
    putPadded(outer, short, 0x5c);
    outer.set(hash(name, inner.subarray(0, total), 'buffer'), blockSize);
    const tag = plain(hash(name, outer, 'buffer'));
    inner.fill(0, 0, total);
    outer.fill(0);
    return tag;
  };
}

/** Makes the MAC of a suite. */
export function createMac(hashFunction: Hash, hmac: Hmac): Mac {
  return {
    size: hashFunction.size,
    compute: (key, data) => hmac(key, [data]),
    verify: (key, data, tag) => equal(hmac(key, [data]), tag),
  };
}
