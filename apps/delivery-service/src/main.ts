/**
 * The delivery service as a process.
 *
 * @module
 */
import { connectKeys, createLogger, runMain, runService, storeChoice, systemClock } from '@canopy/service';
import { readDeliveryConfig } from './config.ts';
import { createDeliveryService } from './service.ts';
import { openStore } from '@canopy/storage';

await runMain(async () => {
  const config = readDeliveryConfig(process.env);
  const log = createLogger({ service: 'delivery-service', level: config.logLevel });
  const keys = connectKeys(config, log);
  const store = await openStore(storeChoice(config, 'delivery-service'));
  const service = createDeliveryService({ stores: store, clock: systemClock, config, keys, log });
  service.start();
  const life = {
    isHealthy: () => store.isHealthy(),
    onDrain: () => service.drain(),
    onClosed: () => service.stop().then(() => store.close()),
  };
  await runService({ name: 'delivery-service', config, log, services: [service.bound], ...life });
});
