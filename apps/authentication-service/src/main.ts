/**
 * The authentication service as a process.
 *
 * @module
 */
import { createLogger, observeStore, runMain, runService, storeChoice, systemClock } from '@canopy/service';
import { openStore, StorageError } from '@canopy/storage';
import { readAuthenticationConfig } from './config.ts';
import { serveJwks } from './jwks-server.ts';
import { refreshRegularly } from './refresh.ts';
import { createAuthenticationService } from './service.ts';

const name = 'authentication-service';

await runMain(serve, (error) => error instanceof StorageError);

async function serve(): Promise<void> {
  const config = readAuthenticationConfig(process.env);
  const log = createLogger({ service: name, level: config.logLevel });
  const store = observeStore(await openStore({ ...storeChoice(config, name), domain: config.domain }));
  const { registry, rateLimits } = store;
  const parts = { registry, rateLimits, clock: systemClock, config, log };
  const service = await createAuthenticationService(parts);
  const stopRefreshing = refreshRegularly(() => service.refresh(), config, log);
  const closeHttp = await serveJwks(() => service.jwksJson(), config, log);
  const onClosed = async (): Promise<void> => {
    stopRefreshing();
    await closeHttp();
    store.close();
  };
  const { services } = service;
  await runService({ name, config, log, services, isHealthy: () => store.isHealthy(), onClosed });
}
