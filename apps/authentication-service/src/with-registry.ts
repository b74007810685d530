/**
 * Commands that work on the store of the service, with the settings of the service: CANOPY_DOMAIN and those of the store.
 *
 * @module
 */
import { checkStore, readConfig, runMain, storeChoice, storeSettings } from '@canopy/service';
import { openStore, StorageError, type Registry } from '@canopy/storage';
import { authenticationSettings } from './config.ts';

/** Runs a command on the registry; tells faulty settings in plain words and ends with 1. */
export function withRegistry(command: (registry: Registry) => Promise<void>): Promise<void> {
  const run = async (): Promise<void> => {
    const settings = { ...storeSettings, domain: authenticationSettings.domain };
    const config = readConfig(settings, process.env, checkStore);
    const { domain } = config;
    const store = await openStore({ ...storeChoice(config, 'authentication-service'), domain });
    try {
      await command(store.registry);
    } finally {
      store.close();
    }
  };
  return runMain(run, (error) => error instanceof StorageError);
}
