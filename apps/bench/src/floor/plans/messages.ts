/**
 * Messages: encryption, decryption, signatures (RFC 9420 §6).
 *
 * @module
 */

import type { Shape } from '../floor.ts';
import { sign, verifyHeld, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { expandWithLabel, keyAndNonce } from './kdf.ts';

/** The group's id, the epoch, the content type (RFC 9420 §6.3.1, §6.3.2). */
const AAD = 44;
/** Leaf index, generation, reuse guard (RFC 9420 §6.3.2). */
const SENDER_DATA = 12;
/** The context of a ratchet's step: its generation (RFC 9420 §9.1). */
const GENERATION = 4;

/** What a FramedContent of so many bytes signs: the GroupContext too (RFC 9420 §6.1). */
export function signedContent({ groupContextBytes }: Shape, bytes: number): number {
  return groupContextBytes + bytes;
}

/** Encrypts or decrypts a content and its sender data (RFC 9420 §6.3). */
export function privateMessage(
  suite: SuiteParameters,
  kind: 'seal' | 'open',
  bytes: number,
): readonly Step[] {
  return [
    ...ratchetStep(suite),
    { kind, bytes, aad: AAD, times: 1 },
    ...keyAndNonce(suite, suite.hash.size),
    { kind, bytes: SENDER_DATA, aad: AAD, times: 1 },
  ];
}

/** A message's key and nonce, and the ratchet's next secret (RFC 9420 §9.1). */
function ratchetStep(suite: SuiteParameters): readonly Step[] {
  return [...keyAndNonce(suite, GENERATION), expandWithLabel('secret', 1, GENERATION)];
}

/**
 * The way from the root of the secret tree to a leaf's two ratchets, for the first message of an epoch: both children of
 * each node on the way, since a node's secret has to be deleted (RFC 9420 §9, §9.2).
 */
export function secretTreePath(leafCount: number): readonly Step[] {
  const depth = Math.ceil(Math.log2(leafCount));
  return [expandWithLabel('tree', 2 * depth, 'right'.length), expandWithLabel('application', 2)];
}

/** Protects application data (RFC 9420 §6.1, §6.3). */
export function protect(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const { dataBytes } = shape;
  return [sign(signedContent(shape, dataBytes)), ...privateMessage(suite, 'seal', dataBytes)];
}

/** Unprotects application data (RFC 9420 §6.1, §6.3). */
export function unprotect(suite: SuiteParameters, shape: Shape): readonly Step[] {
  const { dataBytes } = shape;
  return [...privateMessage(suite, 'open', dataBytes), verifyHeld(signedContent(shape, dataBytes))];
}
