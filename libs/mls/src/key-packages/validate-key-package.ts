/**
 * When a KeyPackage is valid (RFC 9420 §10.1).
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { ProtocolVersion } from '../registries.ts';
import { LeafNodeSource } from '../tree/leaf-node.ts';
import { validateEncryptionKey } from '../tree/validate-keys.ts';
import {
  isSignatureValid,
  validateLeafNode,
  validateSource,
  type LeafValidation,
} from '../tree/validate-leaf-node.ts';
import { signatureOfKeyPackage, type KeyPackage } from './key-package.ts';

/** Validates a KeyPackage, whether fetched or received in an Add (RFC 9420 §10.1). */
export function validateKeyPackage(keyPackage: KeyPackage, by: LeafValidation): void {
  validateSuite(keyPackage, by);
  validateSource(keyPackage.leafNode, LeafNodeSource.keyPackage);
  validateLeafNode(keyPackage.leafNode, undefined, by);
  if (!isSignatureValid(signatureOfKeyPackage(keyPackage), by)) {
    refuse('INVALID_SIGNATURE', 'R10.1-03', 'the signature of the KeyPackage is not valid');
  }
  validateInitKey(keyPackage, by);
}

function validateSuite({ version, cipherSuite }: KeyPackage, { suite }: LeafValidation): void {
  if (version !== ProtocolVersion.mls10) {
    refuse('UNSUPPORTED_VERSION', 'R10.1-01', `version ${ProtocolVersion.mls10} expected, found ${version}`);
  }
  if (cipherSuite !== suite.id) {
    refuse('WRONG_CIPHER_SUITE', 'R10.1-01', `cipher suite ${suite.id} expected, found ${cipherSuite}`);
  }
}

function validateInitKey({ initKey, leafNode }: KeyPackage, { suite }: LeafValidation): void {
  validateEncryptionKey(initKey, suite);
  if (equal(initKey, leafNode.encryptionKey)) {
    refuse('INVALID_KEY_PACKAGE', 'R10.1-04', 'init_key and the encryption key of the leaf are the same');
  }
}
