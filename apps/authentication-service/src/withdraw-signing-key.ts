/**
 * Withdraws a signing key that somebody else may know: `node withdraw-signing-key.ts <key id>`. It works on the store of the
 * service, with the same settings; the service follows within seconds, and makes another key when it has none.
 *
 * @module
 */
import { auditEntry } from './rules/audit-entry.ts';
import { withRegistry } from './with-registry.ts';

const [kid] = process.argv.slice(2);

await withRegistry(async (registry) => {
  const keys = await registry.signingKeys();
  if (kid === undefined || keys.every((key) => key.kid !== kid)) {
    const known = keys.map((key) => `  ${key.kid}\n`).join('');
    process.stderr.write(`usage: node withdraw-signing-key.ts <key id>, one of\n${known}`);
    process.exitCode = 1;
    return;
  }
  // The record comes first: a command that is ended in between leaves no withdrawal that nobody knows of.
  await registry.appendAudit(auditEntry({ event: 'signing-key-withdrawn', kid, atMs: Date.now() }));
  await registry.dropSigningKey(kid);
  process.stdout.write(`withdrawn: ${kid}\n`);
});
