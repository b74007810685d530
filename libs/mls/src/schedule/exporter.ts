/**
 * Secrets for the application (RFC 9420 §8.5).
 *
 * @module
 */

import { deriveSecret, expandWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';

/** What an exported secret is for. */
export interface ExportRequest {
  /** Unique to the purpose (R8.5-03). */
  readonly label: string;
  readonly context: Uint8Array;
  /** In bytes, at most 255 times the hash size. */
  readonly length: number;
}

/** MLS-Exporter (RFC 9420 §8.5). @throws MlsError MISUSE for a length that HKDF cannot give (R8.5-02) */
export function exportSecret(
  suite: CipherSuite,
  exporterSecret: Uint8Array,
  { label, context, length }: ExportRequest,
): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 255 * suite.kdf.size) {
    refuse('MISUSE', 'R8.5-02', `a length of 0 to ${255 * suite.kdf.size} expected, found ${length}`);
  }
  const derived = deriveSecret(suite, exporterSecret, label);
  const hashed = suite.hash.digest(context);
  const exported = expandWithLabel(suite, derived, { label: 'exported', context: hashed, length });
  wipe(derived);
  return exported;
}
