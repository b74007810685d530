/**
 * The two ratchets of one sender: for handshake messages and for application messages (RFC 9420 §9.1).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import { HashRatchet, type HashRatchetState, type RatchetPart } from './hash-ratchet.ts';

/** Which of a sender's two ratchets: handshake messages or application messages (RFC 9420 §9.1). */
export type RatchetKind = 'handshake' | 'application';

/** Both kinds, in the RFC's order. */
export const ratchetKinds: readonly RatchetKind[] = ['handshake', 'application'];

/** Says whether a word names a kind. */
export function isRatchetKind(word: string | undefined): word is RatchetKind {
  return word === 'handshake' || word === 'application';
}

/** A sender's ratchets. */
export type Ratchets = Readonly<Record<RatchetKind, HashRatchet>>;

/** Is told what moved, and in which ratchet. */
export type RatchetObserver = (kind: RatchetKind, part: RatchetPart) => void;

/** Makes a sender's ratchets from their states. */
export function makeRatchets(
  suite: CipherSuite,
  states: Readonly<Record<RatchetKind, HashRatchetState>>,
  observer: RatchetObserver,
): Ratchets {
  const make = (kind: RatchetKind): HashRatchet =>
    new HashRatchet(suite, states[kind], (part) => observer(kind, part));
  return { handshake: make('handshake'), application: make('application') };
}
