/**
 * Which cipher suite a new group is to have (RFC 9420 §11).
 *
 * @module
 */

import { refuse } from '../errors.ts';
import { isGrease, ProtocolVersion } from '../registries.ts';
import type { Capabilities } from '../tree/capabilities.ts';

/**
 * Gives the first of the creator's suites, best first, that everybody who is to be invited supports (R11-04).
 *
 * What the invitees support stands signed in the leaves of their KeyPackages. A directory that hands out KeyPackages of a
 * weaker suite only is found out by it.
 *
 * @throws MlsError UNSUPPORTED_CAPABILITY when there is none
 */
export function selectCipherSuite(
  preference: readonly number[],
  invitees: Iterable<Pick<Capabilities, 'versions' | 'cipherSuites'>>,
): number {
  const all = [...invitees];
  if (!all.every(({ versions }) => versions.includes(ProtocolVersion.mls10))) {
    refuse('UNSUPPORTED_CAPABILITY', 'R11-04', `somebody does not support version ${ProtocolVersion.mls10}`);
  }
  // A GREASE value is nobody's suite, even where everybody lists it (R13.5-05).
  const best = preference.find(
    (suite) => !isGrease(suite) && all.every(({ cipherSuites }) => cipherSuites.includes(suite)),
  );
  if (best === undefined) {
    refuse('UNSUPPORTED_CAPABILITY', 'R11-04', 'there is no cipher suite that everybody supports');
  }
  return best;
}

/**
 * Requires that a suite is the best one that everybody supports (R11-04).
 *
 * @throws MlsError UNSUPPORTED_CAPABILITY when there is none, WRONG_CIPHER_SUITE when there is a better one
 */
export function requireBestCipherSuite(
  chosen: number,
  preference: readonly number[],
  invitees: Iterable<Pick<Capabilities, 'versions' | 'cipherSuites'>>,
): void {
  const best = selectCipherSuite(preference, invitees);
  if (chosen !== best) {
    refuse('WRONG_CIPHER_SUITE', 'R11-04', `cipher suite ${best} is possible, found ${chosen}`);
  }
}
