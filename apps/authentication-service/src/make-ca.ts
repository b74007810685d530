/**
 * Makes the CA of a small deployment: `node make-ca.ts <domain> <folder>`. See `docs/operations/x509.md`.
 *
 * @module
 */
import { isDomain } from '@canopy/identity';
import { makeCaFiles } from './ca-files.ts';

const [domain, folder] = process.argv.slice(2);
if (domain === undefined || folder === undefined || !isDomain(domain)) {
  process.stderr.write('usage: node make-ca.ts <domain> <folder>\n');
  process.exitCode = 1;
} else {
  const files = makeCaFiles({ folder, domain, nowMs: Date.now() });
  process.stdout.write(
    [
      `CANOPY_X509_ISSUER_CERTIFICATE=${files.issuerCertificate}`,
      `CANOPY_X509_ISSUER_KEY_FILE=${files.issuerKey}`,
      `# Take ${files.rootKey} off this machine: it is needed again only for the next intermediate.`,
      '',
    ].join('\n'),
  );
}
