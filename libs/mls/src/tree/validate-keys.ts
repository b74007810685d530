/**
 * When a public key has the form of its suite (RFC 9420 §5.1.1, §5.1.2).
 *
 * @module
 */

import { CryptoError, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { LeafNode } from './leaf-node.ts';

/** Requires an HPKE public key of the suite. @throws MlsError INVALID_KEY */
export function validateEncryptionKey(key: Uint8Array, suite: CipherSuite): void {
  refuseMalformed('R5.1.1-01', () => suite.hpke.validatePublicKey(key));
}

/** Requires a signature public key of the suite. @throws MlsError INVALID_KEY */
function validateSignatureKey(key: Uint8Array, suite: CipherSuite): void {
  refuseMalformed('R5.1.2-01', () => suite.signature.validatePublicKey(key));
}

/** Requires both keys of a leaf to be of the suite's form. @throws MlsError INVALID_KEY */
export function validateKeys(leaf: LeafNode, suite: CipherSuite): void {
  validateEncryptionKey(leaf.encryptionKey, suite);
  validateSignatureKey(leaf.signatureKey, suite);
}

function refuseMalformed(requirement: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof CryptoError) refuse('INVALID_KEY', requirement, 'a public key is malformed', error);
    throw error;
  }
}
