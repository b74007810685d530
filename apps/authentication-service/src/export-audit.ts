/**
 * Writes the audit log to standard output, a line of JSON for each entry. It reads the store of the service, with the same
 * settings: CANOPY_DOMAIN and those that choose the store.
 *
 * @module
 */
import { once } from 'node:events';
import { toAuditLine } from './rules/audit-export.ts';
import { withRegistry } from './with-registry.ts';

const PAGE = 1_000;

await withRegistry(async (registry) => {
  let after = 0n;
  let size: number;
  do {
    const records = await registry.readAudit(after, PAGE);
    size = records.length;
    after = records.at(-1)?.sequence ?? after;
    const text = records.map((record) => `${toAuditLine(record)}\n`).join('');
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  } while (size === PAGE);
});
