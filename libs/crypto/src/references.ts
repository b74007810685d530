/**
 * References: hashes that stand for objects (RFC 9420 §5.2).
 *
 * @module
 */

import { Writer } from '@canopy/codec';

import { utf8 } from './bytes.ts';
import type { CipherSuite } from './cipher-suite.ts';

/** Computes the reference of a value under a label (RFC 9420 §5.2). */
export function refHash(suite: CipherSuite, label: string, value: Uint8Array): Uint8Array {
  return Writer.lend((writer) => {
    writer.opaque(utf8(label));
    writer.opaque(value);
    // Divergence from the words, not from the formula of §5.2: the hash function, not the KDF.
    return suite.hash.digest(writer.written);
  });
}

/** Computes the reference of a KeyPackage from its encoding, without a message header (RFC 9420 §5.2). */
export function makeKeyPackageRef(suite: CipherSuite, encodedKeyPackage: Uint8Array): Uint8Array {
  return refHash(suite, 'MLS 1.0 KeyPackage Reference', encodedKeyPackage);
}

/** Computes the reference of a proposal from the AuthenticatedContent that carries it (RFC 9420 §5.2). */
export function makeProposalRef(suite: CipherSuite, encodedAuthenticatedContent: Uint8Array): Uint8Array {
  return refHash(suite, 'MLS 1.0 Proposal Reference', encodedAuthenticatedContent);
}
