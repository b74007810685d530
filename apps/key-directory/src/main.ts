/**
 * The key directory as a process.
 *
 * @module
 */
import { readPemCertificates } from '@canopy/identity';
import {
  connectKeys,
  connectRevocationLists,
  createLogger,
  followTrustAnchors,
  observeStore,
  runMain,
  runService,
  startRevocationFeed,
  storeChoice,
  systemClock,
} from '@canopy/service';
import { readDirectoryConfig } from './config.ts';
import { createKeyDirectory } from './service.ts';
import { openStore, StorageError } from '@canopy/storage';

await runMain(serve, (error) => error instanceof StorageError);

async function serve(): Promise<void> {
  const config = readDirectoryConfig(process.env);
  const log = createLogger({ service: 'key-directory', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = observeStore(await openStore(storeChoice(config, 'key-directory')));
  const service = createKeyDirectory({ stores: store, clock: systemClock, config, keys, log });
  const anchors = followTrustAnchors({
    config,
    file: config.trustAnchors,
    readPem: readPemCertificates,
    trust: (certificates) => service.trust(certificates),
    log,
  });
  const feed = startRevocationFeed({
    fetch: connectRevocationLists(config),
    accept: (jwt) => service.acceptRevocationList(jwt),
    intervalMs: config.revocationInterval,
    log,
  });
  const life = {
    isHealthy: () => store.isHealthy(),
    onDrain: () => service.drain(),
    onClosed: () => {
      feed.stop();
      anchors?.stop();
      return store.close();
    },
  };
  await runService({ name: 'key-directory', config, log, services: [service.bound], ...life });
}
