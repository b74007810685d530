/**
 * Writes the audit log to standard output, a line of JSON for each entry. It reads the store of the service, with the same
 * settings: CANOPY_DOMAIN and those that choose the store.
 *
 * @module
 */
import { once } from 'node:events';
import { checkStore, readConfig, runMain, storeChoice, storeSettings } from '@canopy/service';
import { openStore, type Registry } from '@canopy/storage';
import { authenticationSettings } from './config.ts';
import { toAuditLine } from './rules/audit-export.ts';

const PAGE = 1_000;

await runMain(async () => {
  const { domain } = authenticationSettings;
  const config = readConfig({ ...storeSettings, domain }, process.env, checkStore);
  const opened = await openStore({
    ...storeChoice(config, 'authentication-service'),
    domain: config.domain,
  });
  try {
    await writeAll(opened.registry);
  } finally {
    opened.close();
  }
});

async function writeAll(registry: Registry): Promise<void> {
  let after = 0n;
  let size: number;
  do {
    const records = await registry.readAudit(after, PAGE);
    size = records.length;
    after = records.at(-1)?.sequence ?? after;
    const text = records.map((record) => `${toAuditLine(record)}\n`).join('');
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  } while (size === PAGE);
}
