/**
 * The certificates at which chains of X.509 credentials may end.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { readPemCertificates } from '@canopy/identity';
import { ConfigError } from '@canopy/service';

/** Reads them from a file in PEM, as DER. @throws {ConfigError} */
export function readTrustAnchors(path: string): readonly Uint8Array[] {
  try {
    return readPemCertificates(readFileSync(path, 'utf8'));
  } catch {
    throw new ConfigError([`CANOPY_X509_TRUST_ANCHORS names no file with certificates: ${path}`]);
  }
}
