/**
 * The certificates at which chains of X.509 credentials may end.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { readPemCertificates } from '@canopy/identity';
import { ConfigError } from '@canopy/service';

/** Reads them from a file in PEM, as DER; none where no file is named. @throws {ConfigError} */
export function readTrustAnchors(path: string | undefined): readonly Uint8Array[] {
  if (path === undefined) return [];
  try {
    return readPemCertificates(readFileSync(path, 'utf8'));
  } catch {
    throw new ConfigError([`CANOPY_X509_TRUST_ANCHORS names no file with certificates: ${path}`]);
  }
}
