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
  /** Hashes what is public. */
  digest(data: Uint8Array): Uint8Array;
  /** Hashes what is public, and gives the digest as a text of that many characters below 256: the fifth of the memory. */
  digestText(data: Uint8Array): string;
}

const SIZES = {
  sha256: { size: 32, blockSize: 64 },
  sha384: { size: 48, blockSize: 128 },
  sha512: { size: 64, blockSize: 128 },
} as const;

/** Makes the hash function of a name. */
export function createHash(name: HashName): Hash {
  // A digest as text takes a third of the time of one as a buffer, whose memory lies outside of the heap. A text cannot be
  // overwritten: what is hashed here is public, and HMAC (mac.ts), whose results are secrets, asks for buffers.
  const digestText = (data: Uint8Array): string => hash(name, data, 'binary');
  return { name, ...SIZES[name], digestText, digest: (data) => bytesOfText(digestText(data)) };
}

/** Gives the bytes of a digest that was given as text. */
export function bytesOfText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Hashes a secret: the digest is nowhere but in the result, which can be overwritten. */
export function digestSecret({ name }: Pick<Hash, 'name'>, secret: Uint8Array): Uint8Array {
  return plain(hash(name, secret, 'buffer'));
}
