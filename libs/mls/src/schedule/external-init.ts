/**
 * The init secret of an external Commit (RFC 9420 §8.3).
 *
 * @module
 */

import { CryptoError, wipe, type CipherSuite, type HPKEExportRequest } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { deriveExternalKeyPair } from './key-schedule.ts';

const EXPORT_LABEL = new TextEncoder().encode('MLS 1.0 external init secret');

const exportRequest = (suite: CipherSuite): HPKEExportRequest => ({
  info: new Uint8Array(0),
  exporterContext: EXPORT_LABEL,
  length: suite.kdf.size,
});

/** Makes an init secret that only the group learns. @throws MlsError INVALID_GROUP_INFO for a malformed key (RFC 9420 §8.3) */
export function createExternalInit(
  suite: CipherSuite,
  externalPub: Uint8Array,
): { readonly kemOutput: Uint8Array; readonly initSecret: Uint8Array } {
  try {
    const { kemOutput, exported } = suite.hpke.setupSenderExport(externalPub, exportRequest(suite));
    return { kemOutput, initSecret: exported };
  } catch (error) {
    if (error instanceof CryptoError)
      refuse('INVALID_GROUP_INFO', 'R12.4.3.2-01', 'malformed external_pub', error);
    throw error;
  }
}

/** Opens the init secret as a member. @throws MlsError INVALID_COMMIT for a malformed KEM output (R8.3-02) */
export function openExternalInit(
  suite: CipherSuite,
  externalSecret: Uint8Array,
  kemOutput: Uint8Array,
): Uint8Array {
  const { privateKey } = deriveExternalKeyPair(suite, externalSecret);
  try {
    return suite.hpke.setupReceiverExport(privateKey, kemOutput, exportRequest(suite));
  } catch (error) {
    if (error instanceof CryptoError) refuse('INVALID_COMMIT', 'R8.3-02', 'malformed kem_output', error);
    throw error;
  } finally {
    wipe(privateKey);
  }
}
