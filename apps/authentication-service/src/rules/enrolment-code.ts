/**
 * Enrolment codes: 125 random bits in 25 characters that people can read out and type in.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';

/** Crockford's 32 characters: no I, L, O, U. Their number is a power of two, so five bits of a byte choose evenly. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 25;
const GROUP = /.{5}(?!$)/g;

/** Makes a code, in groups of five. */
export function makeEnrolmentCode(): string {
  const characters = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31));
  return characters.join('').replaceAll(GROUP, '$&-');
}

/** Hashes a code for the store; case, separators and characters that look alike do not matter. */
export function hashEnrolmentCode(code: string): Uint8Array {
  const canonical = code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return new Uint8Array(createHash('sha256').update(canonical).digest());
}
