/**
 * The delivery service as a process.
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
import { openStore, StorageError } from '@canopy/storage';
import { readDeliveryConfig, type DeliveryConfig } from './config.ts';
import { readTrustAnchors } from './identities.ts';
import { createDeliveryService, type DeliveryService } from './service.ts';

/** Goes by the anchors of the file, or follows those of the authentication service where none is named. */
function followAnchors(
  config: DeliveryConfig,
  service: DeliveryService,
  log: Logger,
): TrustAnchorFeed | undefined {
  const { domain, x509TrustAnchors, revocationInterval: intervalMs } = config;
  if (x509TrustAnchors !== undefined) {
    service.trust({ anchors: readTrustAnchors(x509TrustAnchors), intermediates: [] });
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
  const config = readDeliveryConfig(process.env);
  const log = createLogger({ service: 'delivery-service', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = observeStore(await openStore(storeChoice(config, 'delivery-service')));
  const service = createDeliveryService({ stores: store, clock: systemClock, config, keys, log });
  const anchors = followAnchors(config, service, log);
  service.start();
  const feed = startRevocationFeed({
    fetch: connectRevocationLists(config),
    accept: (jwt) => service.revocations.accept(jwt),
    intervalMs: config.revocationInterval,
    log,
  });
  const life = {
    isHealthy: () => store.isHealthy(),
    onDrain: () => service.drain(),
    onClosed: async () => {
      feed.stop();
      anchors?.stop();
      await service.stop();
      return store.close();
    },
  };
  await runService({ name: 'delivery-service', config, log, services: [service.bound], ...life });
}
