/**
 * What is found out before an operation, which is then done in one step: what the application says of identities, and
 * which of many signatures are valid (RFC 9420 §5.3.1, §7.3).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import { IdentityAnswers, type IdentityProvider, type IdentityQuestion } from '../credentials/identity.ts';
import type { Policy } from '../policy.ts';
import type { PskStore } from '../schedule/psk.ts';
import { SignatureAnswers, type SignatureClaim } from '../tree/signature-answers.ts';
import type { Ports } from './ports.ts';

/** Where the answers come from. */
export interface Outside {
  readonly policy: Policy;
  readonly identities: IdentityProvider;
  readonly psks: PskStore;
  /** Gives seconds since the Unix epoch. */
  now(): bigint;
}

/** What an operation asks. */
export interface Inquiry {
  readonly suite: CipherSuite;
  readonly identities: readonly IdentityQuestion[];
  /** Signatures that it will ask for, where they may be many. */
  readonly signatures?: readonly SignatureClaim[];
}

/** Asks the questions of an operation and gives what it needs from outside. The signatures are under way meanwhile. */
export async function askAhead(
  outside: Outside,
  { suite, identities: questions, signatures: claims = [] }: Inquiry,
): Promise<Ports> {
  const [identities, signatures] = await Promise.all([
    IdentityAnswers.ask(outside.identities, questions),
    SignatureAnswers.verify(suite, claims),
  ]);
  const { policy, psks } = outside;
  return { policy, psks, identities, signatures, nowSeconds: outside.now() };
}
