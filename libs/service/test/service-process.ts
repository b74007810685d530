/**
 * A service as a process of its own, for the tests of its end: every count waits for SIGTERM to have begun the drain.
 *
 * @module
 */
import { directory } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  runMain,
  runService,
  serverSettings,
  unary,
} from '../src/index.ts';

await runMain(async () => {
  const config = readConfig(serverSettings, process.env);
  const log = createLogger({ service: 'process', level: config.logLevel });
  const calls = { authenticate: anonymous, log };
  const draining = Promise.withResolvers<void>();
  const { countKeyPackages } = directory.KeyDirectoryServiceService;
  const service = bindService(
    { countKeyPackages },
    {
      countKeyPackages: unary(calls, async () => {
        log.info({ event: 'counting' });
        await draining.promise;
        return { counts: [directory.StockCount.decode(new Uint8Array())] };
      }),
    },
  );
  await runService({ name: 'process', config, log, services: [service], onDrain: () => draining.resolve() });
});
