/**
 * What the protocol needs from outside in order to act: decisions, time, keys (RFC 9420 §5.3.1, §7.3, §8.4).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { IdentityAnswers } from '../credentials/identity.ts';
import type { Policy } from '../policy.ts';
import type { PskStore } from '../schedule/psk.ts';
import type { SignatureAnswers } from '../tree/signature-answers.ts';
import type { LeafValidation } from '../tree/validate-leaf-node.ts';

/** What an operation is given beside the group's state. */
export interface Ports {
  readonly policy: Policy;
  /** Seconds since the Unix epoch. */
  readonly nowSeconds: bigint;
  /** The answers to the questions that the operation's `questionsOf…` asked. */
  readonly identities: IdentityAnswers;
  /** The signatures that were verified ahead. */
  readonly signatures?: SignatureAnswers;
  readonly psks: PskStore;
}

/** Gives what leaves are judged by. */
export function leafValidation(suite: CipherSuite, ports: Ports, sending = false): LeafValidation {
  const { policy, nowSeconds, identities, signatures } = ports;
  return { suite, policy, nowSeconds, identities, signatures, sending };
}
