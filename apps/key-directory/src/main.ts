/**
 * The key directory as a process.
 *
 * @module
 */
import { connectKeys, createLogger, runMain, runService, storeChoice, systemClock } from '@canopy/service';
import { readDirectoryConfig } from './config.ts';
import { createKeyDirectory } from './service.ts';
import { openStore } from '@canopy/storage';

await runMain(async () => {
  const config = readDirectoryConfig(process.env);
  const log = createLogger({ service: 'key-directory', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = await openStore(storeChoice(config, 'key-directory'));
  const service = createKeyDirectory({ stores: store, clock: systemClock, config, keys, log });
  const life = { isHealthy: () => store.isHealthy(), onClosed: () => store.close() };
  await runService({ name: 'key-directory', config, log, services: [service], ...life });
});
