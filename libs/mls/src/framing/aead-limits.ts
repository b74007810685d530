/**
 * How much may be encrypted before a cipher wears out (RFC 9420 §6.3.1, §15.2).
 *
 * Source: draft-irtf-cfrg-aead-limits (version 10), sections 6.1 and 6.2, for many keys. A message key of MLS encrypts
 * one message, so the longest message is also the most that one key encrypts (L = B there).
 *
 * @module
 */

import type { CipherSuite, CipherSuiteId } from '@canopy/crypto';
import { refuse } from '../errors.ts';

/** What a member may encrypt with one ratchet in one epoch. */
export interface AeadLimits {
  /** The longest message: padded content and additional data, in bytes. */
  readonly messageLength: number;
  readonly messages: number;
}

// AES-GCM: q * L * B / 2^127 is an attacker's advantage. Blocks have 16 bytes: with messages of at most 2^23 blocks it
// stays below 2^-50, the draft's example, for 2^31 messages of that length: 128 members that use a ratchet up.
const GCM: AeadLimits = { messageLength: 2 ** 27, messages: 2 ** 24 };

// ChaCha20-Poly1305 allows 2^100 messages of 2^38 - 64 bytes: length headers (§2.1.2, less the tag) and generations
// (§9.1) end before that.
const CHACHA20: AeadLimits = { messageLength: 2 ** 30 - 1 - 16, messages: 2 ** 32 };

const LIMITS: Readonly<Record<CipherSuiteId, AeadLimits>> = {
  1: GCM,
  2: GCM,
  3: CHACHA20,
  4: GCM,
  5: GCM,
  6: CHACHA20,
  7: GCM,
};

/** Gives the limits of a suite's AEAD. */
export function aeadLimitsOf({ id }: Pick<CipherSuite, 'id'>): AeadLimits {
  return LIMITS[id];
}

/** Requires that a message is short enough to be encrypted (R6.3.1-09). @throws MlsError AEAD_LIMIT */
export function requireMessageLength(suite: Pick<CipherSuite, 'id'>, length: number): void {
  const { messageLength } = aeadLimitsOf(suite);
  if (length > messageLength) {
    refuse('AEAD_LIMIT', 'R6.3.1-09', `at most ${messageLength} bytes can be encrypted, found ${length}`);
  }
}

/** Requires that a ratchet may encrypt once more in this epoch (R15.2-01). @throws MlsError AEAD_LIMIT */
export function requireMessageCount(suite: Pick<CipherSuite, 'id'>, generation: number): void {
  if (generation >= aeadLimitsOf(suite).messages) {
    refuse('AEAD_LIMIT', 'R15.2-01', `${generation} messages were encrypted: a commit with new keys is due`);
  }
}
