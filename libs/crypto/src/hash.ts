/**
 * The hash functions of the cipher suites (RFC 9420 §5.1).
 *
 * @module
 */

import { hash } from 'node:crypto';

import { plain } from './bytes.ts';

/** The names of the hash functions that the cipher suites use. */
export type HashName = 'sha256' | 'sha384' | 'sha512';

/** A hash function. */
export interface Hash {
  readonly name: HashName;
  /** The bytes of a digest (Hash.length). */
  readonly size: number;
  /** The bytes that one step of the function takes in; HMAC pads its keys to it. */
  readonly blockSize: number;
  digest(data: Uint8Array): Uint8Array;
}

const SIZES = {
  sha256: { size: 32, blockSize: 64 },
  sha384: { size: 48, blockSize: 128 },
  sha512: { size: 64, blockSize: 128 },
} as const;

/** Makes the hash function of a name. */
export function createHash(name: HashName): Hash {
  return { name, ...SIZES[name], digest: (data) => plain(hash(name, data, 'buffer')) };
}
