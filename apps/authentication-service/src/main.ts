/**
 * The authentication service as a process.
 *
 * @module
 */
import { createLogger, runMain, runService, systemClock } from '@canopy/service';
import { readAuthenticationConfig } from './config.ts';
import { serveJwks } from './jwks-server.ts';
import { createAuthenticationService } from './service.ts';
import { openSqliteIn } from '@canopy/storage';

const name = 'authentication-service';

await runMain(async () => {
  const config = readAuthenticationConfig(process.env);
  const log = createLogger({ service: name, level: config.logLevel });
  const store = openSqliteIn(config.data, name);
  const parts = { registry: store.registry, clock: systemClock, config, log };
  const { services, jwksJson } = await createAuthenticationService(parts);
  const closeHttp = await serveJwks(jwksJson, config, log);
  const onClosed = (): Promise<void> => closeHttp().then(() => store.close());
  await runService({ name, config, log, services, isHealthy: () => store.isHealthy(), onClosed });
});
