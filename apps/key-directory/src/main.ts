/**
 * The key directory as a process.
 *
 * @module
 */
import {
  connectKeys,
  connectRevocationLists,
  connectTrustAnchors,
  createLogger,
  observeStore,
  runMain,
  runService,
  startRevocationFeed,
  startTrustAnchorFeed,
  storeChoice,
  systemClock,
  type Logger,
  type TrustAnchorFeed,
} from '@canopy/service';
import { readDirectoryConfig, type DirectoryConfig } from './config.ts';
import { createKeyDirectory, type KeyDirectory } from './service.ts';
import { openStore, StorageError } from '@canopy/storage';
import { readTrustAnchors } from './trust-anchors.ts';

/** Goes by the anchors of the file, or follows those of the authentication service where none is named. */
function followAnchors(
  config: DirectoryConfig,
  service: KeyDirectory,
  log: Logger,
): TrustAnchorFeed | undefined {
  const { domain, trustAnchors, revocationInterval: intervalMs } = config;
  if (trustAnchors !== undefined) {
    service.trust({ anchors: readTrustAnchors(trustAnchors), intermediates: [] });
    return undefined;
  }
  const fetch = connectTrustAnchors(config);
  return startTrustAnchorFeed({
    domain,
    fetch,
    accept: (offered) => service.trust(offered),
    intervalMs,
    log,
  });
}

await runMain(serve, (error) => error instanceof StorageError);

async function serve(): Promise<void> {
  const config = readDirectoryConfig(process.env);
  const log = createLogger({ service: 'key-directory', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = observeStore(await openStore(storeChoice(config, 'key-directory')));
  const service = createKeyDirectory({ stores: store, clock: systemClock, config, keys, log });
  const anchors = followAnchors(config, service, log);
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
