/**
 * Random values that keep peers tolerant of what they do not know (RFC 9420 §13.5).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { Capabilities } from '../tree/capabilities.ts';

/** Picks one GREASE value at random (RFC 9420 §13.5). */
export function randomGrease(suite: CipherSuite): number {
  const k = (suite.random(1)[0] ?? 0) % 15;
  return 0x0a0a + k * 0x1010;
}

/** Adds a GREASE value to each list of capabilities that may hold one (RFC 9420 §7.2, §13.5). */
export function addGrease(suite: CipherSuite, capabilities: Capabilities): Capabilities {
  return {
    versions: capabilities.versions,
    cipherSuites: [...capabilities.cipherSuites, randomGrease(suite)],
    extensions: [...capabilities.extensions, randomGrease(suite)],
    proposals: [...capabilities.proposals, randomGrease(suite)],
    credentials: [...capabilities.credentials, randomGrease(suite)],
  };
}
