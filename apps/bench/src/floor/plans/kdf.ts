/**
 * Derivation of keys and secrets, in HMACs (RFC 9420 §5.1, §8; RFC 5869).
 *
 * @module
 */

import { hmac, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';

const NONCE_SIZE = 12;

/** Bytes that a vector's length takes in front of it, for what is neither tiny nor huge. */
export const LENGTH_SIZE = 2;

const PREFIX = 'MLS 1.0 ';
/** The length in front of KDFLabel, and the counter behind it. */
const LENGTH_AND_COUNTER = 2 + 1;

/** HKDF-Extract of secrets of the hash's size (RFC 9420 §8). */
export function extract({ hash }: SuiteParameters): Step {
  return hmac(hash.size);
}

/** ExpandWithLabel to at most the size of a hash (RFC 9420 §8). */
export function expandWithLabel(label: string, times = 1, context = 0): Step {
  return hmac(LENGTH_AND_COUNTER + LENGTH_SIZE + PREFIX.length + label.length + context, times);
}

/** How many blocks HKDF-Expand makes for so many bytes (RFC 5869 §2.3). */
export function blocksOf({ hash }: SuiteParameters, length: number): number {
  return Math.ceil(length / hash.size);
}

/** The key and nonce of an AEAD cipher from a secret (RFC 9420 §6.3.2, §9.1, §12.4.3.1). */
export function keyAndNonce(suite: SuiteParameters, context: number): readonly Step[] {
  return [
    expandWithLabel('key', blocksOf(suite, suite.aead.keySize), context),
    expandWithLabel('nonce', blocksOf(suite, NONCE_SIZE), context),
  ];
}
