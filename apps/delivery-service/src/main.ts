/**
 * The delivery service as a process.
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
import { openStore, StorageError } from '@canopy/storage';
import { readDeliveryConfig } from './config.ts';
import { createDeliveryService } from './service.ts';

await runMain(serve, (error) => error instanceof StorageError);

async function serve(): Promise<void> {
  const config = readDeliveryConfig(process.env);
  const log = createLogger({ service: 'delivery-service', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = observeStore(await openStore(storeChoice(config, 'delivery-service')));
  const service = createDeliveryService({ stores: store, clock: systemClock, config, keys, log });
  const anchors = followTrustAnchors({
    config,
    file: config.x509TrustAnchors,
    readPem: readPemCertificates,
    trust: (certificates) => service.trust(certificates),
    log,
  });
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
