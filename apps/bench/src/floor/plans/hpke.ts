/**
 * Public key encryption, base mode (RFC 9180 §5, §6, §7.1.3; RFC 9420 §5.1.3).
 *
 * @module
 */

import { hmac, type KeyOrigin, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { blocksOf } from './kdf.ts';

/** "HPKE-v1" and the ids of KEM, KDF and AEAD in front of each label. */
const PREFIX = 17;
/** "MLS 1.0 UpdatePathNode" and the lengths: what EncryptContext adds. */
const ENCRYPT_CONTEXT = 26;

/** What is encrypted: so many plaintexts, all with one info. Sizes in bytes. */
export interface Sealing {
  /** The context that goes into EncryptWithLabel. */
  readonly context: number;
  readonly plaintext: number;
  readonly key: KeyOrigin;
  readonly times: number;
}

/** Encrypts to several keys (RFC 9180 §6.1). What belongs to the info is the same for all. */
export function sealToEach(
  suite: SuiteParameters,
  { context, plaintext, key, times }: Sealing,
): readonly Step[] {
  if (times === 0) return [];
  return [
    infoHash(context),
    { kind: 'encapsulate', key, times },
    ...contextKeys(suite, times),
    { kind: 'seal', bytes: plaintext, aad: 0, times },
  ];
}

/** Decrypts with a private key that the member holds (RFC 9180 §6.1). */
export function openOwn(
  suite: SuiteParameters,
  { context, plaintext }: Pick<Sealing, 'context' | 'plaintext'>,
): readonly Step[] {
  return [
    infoHash(context),
    { kind: 'decapsulate', times: 1 },
    ...contextKeys(suite, 1),
    { kind: 'open', bytes: plaintext, aad: 0, times: 1 },
  ];
}

function infoHash(context: number): Step {
  return hmac(PREFIX + 'info_hash'.length + ENCRYPT_CONTEXT + context);
}

/** The secret, the key and the base nonce, which is the nonce of the first message (RFC 9180 §5.1). */
function contextKeys(suite: SuiteParameters, times: number): readonly Step[] {
  const info = keyScheduleContext(suite);
  return [
    hmac(PREFIX + 'secret'.length, times),
    hmac(PREFIX + 'key'.length + info, times),
    hmac(PREFIX + 'base_nonce'.length + info, times),
  ];
}

/** The mode and two hashes, with the length and the counter of the expansion. */
function keyScheduleContext({ hash }: SuiteParameters): number {
  return 1 + 2 * hash.size + 2 + 1;
}

/** The secret exported from a context without info: what belongs to that info is a constant (RFC 9420 §8.3; RFC 9180 §5.3). */
export function exportSecret(suite: SuiteParameters): readonly Step[] {
  return [
    hmac(PREFIX + 'secret'.length),
    hmac(PREFIX + 'exp'.length + keyScheduleContext(suite)),
    hmac(PREFIX + 'sec'.length + 'MLS 1.0 external init secret'.length + 2 + 1),
  ];
}

/** DeriveKeyPair up to the raw private key (RFC 9180 §7.1.3). The first candidate of a NIST curve is taken for good. */
export function derivePrivateKeys(suite: SuiteParameters, times: number): readonly Step[] {
  const expansions = times * blocksOf(suite, suite.kem.privateKeySize);
  return [
    hmac(PREFIX + 'dkp_prk'.length + suite.hash.size, times),
    hmac(PREFIX + 'candidate'.length + 2 + 1, expansions),
  ];
}

/** DeriveKeyPair (RFC 9180 §7.1.3). */
export function deriveKeyPairs(suite: SuiteParameters, times: number): readonly Step[] {
  return [...derivePrivateKeys(suite, times), { kind: 'derive-public-key', times }];
}
