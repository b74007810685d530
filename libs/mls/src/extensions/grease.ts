/**
 * Random values that keep peers tolerant of what they do not know (RFC 9420 §13.5).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import type { ClientIdentity } from '../key-packages/client-identity.ts';
import type { Capabilities } from '../tree/capabilities.ts';
import type { Extension } from './extension.ts';

/** Picks one GREASE value at random (RFC 9420 §13.5). */
export function randomGrease(suite: CipherSuite): number {
  const k = (suite.random(1)[0] ?? 0) % 15;
  return 0x0a0a + k * 0x1010;
}

/** Makes an extension that means nothing (RFC 9420 §13.5). */
export function greaseExtension(suite: CipherSuite, extensionType = randomGrease(suite)): Extension {
  return { extensionType, extensionData: suite.random(4) };
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

/** Adds a GREASE extension to what a leaf says, and lists it among the capabilities (R13.5-01, R13.5-02). */
export function addGreaseExtension(suite: CipherSuite, identity: ClientIdentity): ClientIdentity {
  const { capabilities, leafExtensions } = identity;
  const extension = greaseExtension(suite);
  const { extensionType } = extension;
  // R13.4-04: no type twice, should the client have put the same value there itself.
  if (leafExtensions.some((other) => other.extensionType === extensionType)) return identity;
  return {
    ...identity,
    capabilities: { ...capabilities, extensions: [...capabilities.extensions, extensionType] },
    leafExtensions: [...leafExtensions, extension],
  };
}
